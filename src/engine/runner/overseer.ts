import type pg from 'pg';
import type { ClaimedJob } from '../statements/claim.js';

/** A pipeline that the database says is this runner's while the runner does not know of it: the answer to a claim or a finish was lost. */
const ORPHAN_AFTER_MS = 30_000;

export interface Held {
  pipelineId: number;
  epoch: number;
}

/** What runs here. */
export interface InHand {
  /** By pipeline: also what waits for its result to be recorded. */
  running(): ReadonlyMap<number, ClaimedJob>;
  executing(): ReadonlySet<ClaimedJob>;
}

/** Compares what runs here with what the database says this runner has: what was taken away is to be aborted, what was never received handed back. */
export class Overseer {
  private orphans = new Map<number, { epoch: number; since: number }>();

  constructor(
    private readonly pool: pg.Pool,
    private readonly runnerId: number,
  ) {}

  /**
   * What executes is asked for before the query is sent and again after it: only what was there both times can be lost. A run
   * that has ended learns from the answer to its result: that may be recorded already, and not be heard of yet.
   *
   * @param orphanAfterMs how long an unknown pipeline must have been seen before it is handed back; longer than any claim can be under way
   */
  async compare(inHand: InHand, orphanAfterMs = ORPHAN_AFTER_MS): Promise<{ lost: ClaimedJob[]; orphans: Held[] }> {
    const before = [...inHand.executing()];
    const { rows } = await this.pool.query<{ id: number; epoch: number }>(
      `select id, epoch from pipelines where runner_id = $1 and status = 'in_process'`,
      [this.runnerId],
    );
    const ours = new Map(rows.map((row) => [row.id, row.epoch]));
    const still = inHand.executing();
    const lost = before.filter((job) => ours.get(job.pipelineId) !== job.epoch && still.has(job));
    const now = inHand.running();

    const at = performance.now();
    const unknown = rows.filter(({ id, epoch }) => now.get(id)?.epoch !== epoch);
    this.orphans = new Map(
      unknown.map(({ id, epoch }) => {
        const seen = this.orphans.get(id);
        return [id, seen?.epoch === epoch ? seen : { epoch, since: at }];
      }),
    );
    const orphans = [...this.orphans]
      .filter(([, { since }]) => at - since >= orphanAfterMs)
      .map(([pipelineId, { epoch }]) => ({ pipelineId, epoch }));
    return { lost, orphans };
  }
}
