import type { ObjectEvent } from '../newspapers/events.js';
import { archivesOf } from '../newspapers/object-story.js';

/** What stands in the place of an object's pipelines when there are none (any more). */
export function noPipelines(events: readonly ObjectEvent[]): string {
  const files = archivesOf(events);
  return files.length === 0 ? 'It has no pipelines.' : `Its pipelines are archived: ${files.join(', ')}`;
}
