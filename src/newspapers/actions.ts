/** The questions that newspaper pipelines ask people, and the answers they take (newspapers spec 9): a file for each family of them. */
import { batchActions } from './actions/batch.js';
import { metadataActions } from './actions/metadata.js';
import { pageReview, unfixableError } from './actions/page-review.js';

export { errorReport, pageReview, pageReviewDone, unfixableError } from './actions/page-review.js';

/** All of them; an action that is not here is unknown to the holding pen. */
export const newspaperActions = [pageReview, unfixableError, ...metadataActions, ...batchActions];
