/**
 * The people of a chaos world: for each track somebody who looks at where it stands and does what comes next by Pressmark's
 * own programs, again and again until it has come about, whatever fails meanwhile. What they decide depends on the issue alone.
 */
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchLife, Track } from './road.js';
import { hasArrived, isClosed, standingOf, type OpenPipeline, type Standing } from './standing.js';
import type { OwnWorld } from './world.js';

const LOOK_EVERY_MS = 300;
/** What has not moved for so long, with nothing broken, never will. */
const STANDS_STILL_MS = 120_000;

/** What people met that they should not have, or did for an administrator. */
export interface Diary {
  /** Times that a held `runner_died` was answered by retry. */
  retries: number;
  /** Pipelines that were requeued after their job had failed as often as it may. */
  spent: string[];
  /** Pipelines that failed for good by a single trouble, and were requeued. */
  failed: string[];
  /** Programs that ended with something else than 0. */
  refusals: number;
  findings: string[];
}

export const emptyDiary = (): Diary => ({ retries: 0, spent: [], failed: [], refusals: 0, findings: [] });

type Act = () => Promise<void>;

/** Walks a track to its end. @param isCalm false while something is broken: standing still is no wonder then */
export async function walk(world: OwnWorld, track: Track, diary: Diary, isCalm: () => boolean): Promise<void> {
  const person = new Person(world, track, diary);
  let before = '';
  let movedAt = performance.now();
  for (;;) {
    const standing = await standingOf(world, track);
    if (standing) {
      if (hasArrived(track, standing)) return;
      const now = JSON.stringify(standing);
      if (now !== before || !isCalm()) movedAt = performance.now();
      before = now;
      await person.next(standing)?.();
    }
    if (performance.now() - movedAt > STANDS_STILL_MS) {
      diary.findings.push(`the track of ${track.org} stands still: ${before}`);
      return;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

class Person {
  constructor(
    private readonly world: OwnWorld,
    private readonly track: Track,
    private readonly diary: Diary,
  ) {}

  /** What is to be done next; undefined: nothing, the daemons are at it. */
  next(standing: Standing): Act | undefined {
    for (const pipeline of standing.pipelines) {
      const act = this.about(pipeline, standing);
      if (act) return act;
    }
    return this.batches(standing);
  }

  private about(pipeline: OpenPipeline, standing: Standing): Act | undefined {
    const { id, status, holdAction } = pipeline;
    if (status === 'failed') return () => this.afterFailure(pipeline);
    const issue = standing.issues.find(({ key }) => key === pipeline.about);
    const isTroubled = issue?.key === this.track.troubled;
    switch (holdAction) {
      case 'runner_died':
        return async () => {
          this.diary.retries++;
          await this.run('holding-pen', 'decide', String(id), 'retry');
        };
      case 'page_review':
        // in a long life the pages are split once more
        return this.track.patched !== undefined && !pipeline.wasRedone
          ? () => this.run('holding-pen', 'decide', String(id), 'redo')
          : () => this.reviewPages(pipeline);
      case 'metadata_entry': {
        const labels = Array.from({ length: issue?.pages ?? 0 }, (_, at, last = issue?.pages ?? 0) => (at === last - 1 ? '' : at + 1)); // prettier-ignore
        const metadata = [`volume=${issue?.wasRejected ? 2 : 1}`, 'issueNumber=2', `labels=${labels.join(',')}`];
        return () => this.decide('cora', id, 'submit', ...metadata.flatMap((each) => ['--set', each]));
      }
      case 'metadata_review':
        return isTroubled && !issue.wasRejected
          ? () => this.decide('rita', id, 'reject', '--set', 'notes=volume 2')
          : () => this.decide('rita', id, 'approve');
      case 'unfixable_metadata':
        return issue?.key === this.track.patched && issue?.timesMended === 2
          ? () => this.decide('rita', id, 'remove', '--comment', 'chaos')
          : () => this.decide('rita', id, 'return_to_review', '--comment', 'chaos');
      default:
        return undefined;
    }
  }

  private batches({ issues, batches, pipelines }: Standing): Act | undefined {
    const { org, keys, batches: lives } = this.track;
    for (const [at, { name, status, isOld }] of batches.entries()) {
      const life: BatchLife = lives[at] ?? {};
      const isAsked = pipelines.some((each) => each.about === name && each.status === 'held');
      if (status === 'live_archived') return () => (isOld ? this.cleanUp() : this.fourWeeksLater(name));
      if (isAsked && status === 'live') return () => this.aboutLive(name, life);
      const flagged = life.flag && issues.find(({ key, batch }) => key === this.track[life.flag ?? 'troubled'] && batch === name); // prettier-ignore
      const quality = (...words: string[]) => this.run('batches', ...words, '--as', 'quentin');
      if (isAsked && status === 'qc_ready')
        return flagged ? () => quality('reject', name, '--reason', 'upside down') : () => quality('approve', name);
      if (isAsked && status === 'qc_flagging' && flagged)
        return flagged.isFlagged
          ? () => quality(life.then ?? 'finalize', name)
          : () => quality('flag', name, flagged.key, '--reason', 'page 2');
    }
    const isReady = batches.every(isClosed) && pipelines.length === 0 && batches.length < lives.length;
    const waiting = (where: string) => issues.filter(({ step, batch }) => step === where && batch === null).length;
    if (isReady && waiting('ReadyForRebatching') > 0) return () => this.run('queue-batches', '--org', org, '--redo');
    if (isReady && waiting('ReadyForBatching') >= (batches.length === 0 ? keys.length : 1))
      return () => this.run('queue-batches', '--org', org);
    return undefined;
  }

  private aboutLive(name: string, { live }: BatchLife): Promise<void> {
    const { patched = '' } = this.track;
    if (live === 'patch') return this.run('batches', 'patch', name, '--remove', patched, '--reason', 'wrong date');
    if (live === 'unpush') return this.run('batches', 'unpush', name, '--reason', 'wrong organisation');
    return this.run('batches', 'archived', name, '--as', 'lola');
  }

  /** What never could come through is given back, or buried; all else is requeued. */
  private afterFailure(pipeline: OpenPipeline): Promise<void> {
    const { about, error } = pipeline;
    const isTooShort = /\b1 pages?\b/.test(error ?? '');
    if (isTooShort && about === this.track.mistaken)
      return this.run('issues', 'cancel-intake', about, '--reason', 'one page is no issue');
    if (isTooShort && about === this.track.dead) return this.run('remove-dead-issues');
    return this.requeue(pipeline);
  }

  private async requeue({ id, name, job, about, error, isSpent }: OpenPipeline): Promise<void> {
    this.diary[isSpent ? 'spent' : 'failed'].push(
      `pipeline ${id} ${name} of ${about} failed at ${job ?? '?'}: ${error ?? ''}`,
    );
    await this.run('run-jobs', 'requeue', String(id), '--reason', 'chaos');
  }

  /** By the number in its name, not by its place: some may have been renamed already. */
  private async reviewPages({ id, directory }: OpenPipeline): Promise<void> {
    try {
      for (const name of await readdir(directory ?? '')) {
        const number = Number(/^seq-(\d+)\.pdf$/.exec(name)?.[1] ?? 0);
        if (number > 0) await rename(join(directory ?? '', name), join(directory ?? '', `${number}.pdf`));
      }
    } catch (error) {
      this.world.log(`people: ${String(error)}`); // moved on meanwhile, or the disk is away: looked at again
      return;
    }
    await this.run('holding-pen', 'decide', String(id), 'done');
  }

  /** Claimed as psql does it: a program would only cost time. */
  private async decide(login: string, id: number, verb: string, ...how: string[]): Promise<void> {
    await this.world.look(`select claim_pipeline(id, $2) from pipelines where id = $1 and status = 'held'`, [
      id,
      login,
    ]);
    await this.run('holding-pen', 'decide', String(id), verb, ...how, '--as', login);
  }

  private async fourWeeksLater(name: string): Promise<void> {
    await this.world.look(
      `update newspapers.batches set archived_at = archived_at - interval '29 days' where full_name = $1 and archived_at > now() - interval '28 days'`,
      [name],
    );
  }

  private cleanUp(): Promise<void> {
    return this.run('delete-live-done-issues', '--live');
  }

  private async run(program: string, ...args: string[]): Promise<void> {
    const began = performance.now();
    const { code, text } = await this.world.run(program, ...args);
    if (process.env['CHAOS_VERBOSE'])
      this.world.log(`people: ${program} ${args.join(' ')} ${performance.now() - began}`);
    if (code === 0) return;
    this.diary.refusals++;
    this.world.log(`people: ${program} ${args.join(' ')} ended with ${String(code)}: ${text.trim().slice(0, 400)}`);
    if (/^ {4}at /m.test(text))
      this.diary.findings.push(`a person was shown a stack: ${program} ${args.join(' ')}: ${text}`);
    await sleep(500);
  }
}
