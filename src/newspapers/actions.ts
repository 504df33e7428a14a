/** The questions that newspaper pipelines ask people, and the answers they take (newspapers spec 9). */
import { z } from 'zod';
import { defineAction } from '../engine/action.js';

/** The pages are in order now: do not wait for the quiet time. */
export const pageReviewDone = z.object({
  deletedPages: z.coerce.number().int().min(0).default(0).describe('how many pages were deleted on purpose'),
});

export const pageReview = defineAction({
  name: 'page_review',
  title: 'put the pages in order: rename them 1.pdf, 2.pdf ..., delete what is no page',
  verbs: { done: pageReviewDone },
});

/** Its answers come with metadata entry itself. */
export const metadataEntry = defineAction({ name: 'metadata_entry', title: "enter the issue's metadata", verbs: {} });
