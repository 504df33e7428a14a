import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { describeAction, Refused } from '../../engine/operator.js';
import { showPipeline } from '../../engine/status.js';
import { registry } from '../registry.js';

/** A pipeline of the pen with the answers its question takes. @throws Refused when there is no such pipeline */
export async function showHeld(db: Kysely<DB>, id: number) {
  const shown = await showPipeline(db, id);
  if (shown === undefined)
    throw new Refused('not found', `there is no pipeline ${id}`, 'holding-pen list shows what waits');
  const { pipeline, decisions, events } = shown;
  const action = pipeline.hold_action === null ? undefined : describeAction(registry, pipeline.hold_action);
  return { pipeline, holdRev: pipeline.hold_rev, title: action?.title, verbs: action?.verbs ?? [], decisions, events };
}
