/** Statements and functions of the engine broken on purpose, one by one: the model must notice each. */
import type { Mutant } from './real.js';

export interface NamedMutant extends Mutant {
  what: string;
  /** Tried in the gate; the others when MODEL_MUTANTS=all. */
  gate?: boolean;
}

type Row = [what: string, statement: string, from: string, to: string, gate?: 'gate'];
const named = (rows: readonly Row[]): NamedMutant[] =>
  rows.map(([what, statement, from, to, gate]) => ({ what, statement, from, to, ...(gate && { gate: true }) }));

/** Of the prepared statements. */
export const STATEMENT_MUTANTS = named([
  ['a finish that is not fenced by the epoch', 'pressmark_finish', 'and p.epoch = f.epoch', '', 'gate'],
  ['a finish that does not look at the job', 'pressmark_finish', 'and p.next_sequence = f.sequence', ''],
  ['a finish that does not look whose it is', 'pressmark_finish', 'and p.runner_id = $1', 'and $1::bigint is not null'],
  ['a finish that swallows an answer', 'pressmark_finish', 'p.decision_rev is distinct from f.seen_rev as unseen', 'false as unseen', 'gate'], // prettier-ignore
  ['a finish that keeps a pipeline without room', 'pressmark_finish', '<= coalesce(room.free, 0)', '<= 9', 'gate'],
  ['a finish that keeps what is not wanted', 'pressmark_finish', 's.lane is not null\n', 'true\n'],
  ['a finish that leaves the question open', 'pressmark_finish', 'hold_action = case when n.unseen then p.hold_action end', 'hold_action = p.hold_action'], // prettier-ignore
  ['a finish that leaves the answer in hand', 'pressmark_finish', 'decision_rev = case when n.unseen then p.decision_rev end', 'decision_rev = p.decision_rev'], // prettier-ignore
  [
    'a finish that does not count the run',
    'pressmark_finish',
    'set attempt = j.attempt + 1',
    'set attempt = j.attempt',
  ],
  ['a finish that forgets the result', 'pressmark_finish', 'result = case when not s.unseen then s.result end', 'result = null'], // prettier-ignore
  ['a finish that goes to a job that was skipped', 'pressmark_finish', "and j.status = 'waiting' end", "and j.status <> 'success' end"], // prettier-ignore
  ['a finish that goes to the last job', 'pressmark_finish', 'order by j.sequence limit 1', 'order by j.sequence desc limit 1'], // prettier-ignore
  ['a finish that keeps rescues', 'pressmark_finish', 'rescues = 0, ', ''],
  ['a finish that leaves an error', 'pressmark_finish', 'rescues = 0, error = null', 'rescues = 0'],
  ['a finish that leaves the queue as it was', 'pressmark_finish', 'then p.queue else n.queue end', 'then p.queue else p.queue end'], // prettier-ignore
  ['a hold that swallows an answer', 'pressmark_hold', 'p.decision_rev is distinct from $5::int as unseen', '($5::int is null and false) as unseen', 'gate'], // prettier-ignore
  [
    'a hold that renumbers an open question',
    'pressmark_hold',
    'p.hold_action = $7 as still_open',
    'false as still_open',
  ],
  ['a hold that is not fenced by the epoch', 'pressmark_hold', 'and p.epoch = $3', 'and $3::int is not null'],
  ['a hold that takes a finished question for the same', 'pressmark_hold', 'p.hold_action is not null and p.decision_rev is null and', ''], // prettier-ignore
  ['a hold that keeps failures', 'pressmark_hold', 'failures = 0, ', ''],
  ['a hold that keeps the claim of another question', 'pressmark_hold', 'when s.unseen or s.still_open then p.assignee else $14 end', 'when true then p.assignee else $14 end'], // prettier-ignore
  ['a hold that forgets whose desk it is on', 'pressmark_hold', 'when s.unseen or s.still_open then p.assignee else $14 end', 'when s.unseen then p.assignee else $14 end'], // prettier-ignore
  ['a hold that puts off the day it is due', 'pressmark_hold', 'when s.unseen or s.still_open then p.due_at else', 'when s.unseen then p.due_at else'], // prettier-ignore
  ['a hold that forgets to wake', 'pressmark_hold', "wake_at = case when s.unseen then null else now() + interval '1 second' * $11::float8 end", "wake_at = case when $11::float8 < 0 then now() end"], // prettier-ignore
  ['a hold that tells nobody', 'pressmark_hold', "and $6 = 'person'", "and $6 = 'nobody'"],
  [
    'a failure that is not fenced by the epoch',
    'pressmark_fail',
    'p.epoch = $3 and',
    '$3::int is not null and',
    'gate',
  ],
  ['a failure that never gives up', 'pressmark_fail', 'j.failures + 1 < j.max_attempts', 'true'],
  ['a failure one too early', 'pressmark_fail', 'j.failures + 1 < j.max_attempts', 'j.failures + 2 < j.max_attempts'],
  ['a failure that retries what is fatal', 'pressmark_fail', 'coalesce($6::boolean and', 'coalesce($6::boolean is not null and'], // prettier-ignore
  ['a failure that leaves the group done', 'pressmark_fail', "and j.status = 'success'\n", 'and false\n'],
  ['a failure that goes back to a skipped job', 'pressmark_fail', "and g.status <> 'skipped'", ''],
  ['a failure that stays at its job of a group', 'pressmark_fail', 'case when s.again then s.first else p.next_sequence end', 'p.next_sequence'], // prettier-ignore
  ['a failure that keeps rescues', 'pressmark_fail', 'rescues = 0,', ''],
  ['a "try later" that counts as a failure', 'pressmark_try_later', 'set attempt = s.attempt,', 'set attempt = s.attempt, failures = j.failures + 1,'], // prettier-ignore
  [
    'a "try later" that is not fenced by the epoch',
    'pressmark_try_later',
    'and p.epoch = $3',
    'and $3::int is not null',
  ],
  ['a "try later" past its deadline', 'pressmark_try_later', '<= now() as too_late', '< now() - interval \'1 day\' as too_late'], // prettier-ignore
  ['a hand-back that is not fenced by the epoch', 'pressmark_hand_back', 'and g.epoch = p.epoch', ''],
  ["a hand-back of what is another's", 'pressmark_hand_back', 'and p.runner_id = $1', 'and $1::bigint is not null'],
  ['a hand-back that leaves the epoch', 'pressmark_hand_back', 'epoch = p.epoch + 1', 'epoch = p.epoch'],
  ['a claim that does not look at the priority', 'pressmark_claim', 'order by priority, run_at, id', 'order by run_at, id', 'gate'], // prettier-ignore
  [
    'a claim that does not look at the time',
    'pressmark_claim',
    'order by priority, run_at, id',
    'order by priority, id',
  ],
  ['a claim that leaves the epoch', 'pressmark_claim', 'epoch = p.epoch + 1', 'epoch = p.epoch'],
  ['a claim of any queue', 'pressmark_claim', 'and queue = $2', 'and $2::text is not null'],
  ['a claim without the answer', 'pressmark_claim', 'when p.decision_rev is not null then', 'when false then'],
]);

/** Of the functions in the database. */
export const FUNCTION_MUTANTS = named([
  ['a rescue that does not fence off the dead', 'rescue_pipelines', 'epoch = p.epoch + 1', 'epoch = p.epoch', 'gate'],
  ['a rescue of the living', 'rescue_pipelines', 'r.heartbeat_at < now() - p_lease', 'true'],
  ['a rescue that waits for a goodbye', 'rescue_pipelines', 'r.id is null or r.stopped_at is not null or r.heartbeat_at < now() - p_lease', 'r.stopped_at is not null'], // prettier-ignore
  ['a rescue that overlooks a deleted runner', 'rescue_pipelines', 'r.id is null or ', ''],
  ['a rescue that overlooks who was seen dead', 'rescue_pipelines', ' or r.id = any (p_dead)', ''],
  ['a rescue without end', 'rescue_pipelines', 'p.rescues >= 3', 'p.rescues >= 99', 'gate'],
  ['a rescue that gives up one too early', 'rescue_pipelines', 'p.rescues >= 3', 'p.rescues >= 2'],
  [
    'a rescue that does not count the run',
    'rescue_pipelines',
    'set attempt = j.attempt + 1',
    'set attempt = j.attempt',
  ],
  ['a rescue limit that keeps the old number', 'rescue_pipelines', 'when g.hopeless then p.hold_rev + 1', 'when g.hopeless then p.hold_rev'], // prettier-ignore
  ['a rescue limit that leaves the claim', 'rescue_pipelines', 'assignee = case when not g.hopeless then p.assignee end', 'assignee = p.assignee'], // prettier-ignore
  ['what is due too early', 'make_due', "status = 'held' and wake_at <= now()", "status = 'held'"],
  ['what never wakes', 'make_due', "status = 'held' and wake_at <= now()", 'false'],
  ['what waits for a pipeline that failed', 'make_due', "b.status in ('success', 'cancelled')", "b.status in ('success', 'cancelled', 'failed')"], // prettier-ignore
  ['what waits for a cancelled pipeline for ever', 'make_due', "b.status in ('success', 'cancelled')", "b.status = 'success'"], // prettier-ignore
  ['a wake that stays blocked', 'make_due', 'blocked_by = null', 'blocked_by = p.blocked_by'],
  ['a goto that leaves old forms valid', 'void_question', 'hold_rev = hold_rev + 1', 'hold_rev = hold_rev', 'gate'],
  ['a goto that leaves the answer in hand', 'void_question', 'decision_rev = null, ', ''],
  ['a goto that leaves the claim', 'void_question', 'assignee = null, ', ''],
  ['a goto that leaves later jobs as they are', 'goto_job', 'sequence >= p_sequence;', 'sequence = p_sequence;'],
  ['a goto that forgets what it passes over', 'goto_job', "and sequence < p_sequence and status in ('waiting', 'failed')", 'and false'], // prettier-ignore
  ['a goto of a running job', 'goto_job', "p.status in ('in_process', 'success', 'cancelled')", "p.status in ('success', 'cancelled')"], // prettier-ignore
  [
    'an edit by hand that does not fence off the runner',
    'pipelines_edited_by_hand',
    'old.epoch + 1',
    'old.epoch',
    'gate',
  ],
  ['an edit by hand that does not count the run', 'pipelines_edited_by_hand', 'set attempt = j.attempt + 1', 'set attempt = j.attempt'], // prettier-ignore
  ['an edit by hand that keeps the job failed', 'pipelines_edited_by_hand', "set status = 'waiting', failures = 0", 'set failures = 0'], // prettier-ignore
  ['an edit by hand that waits on', 'pipelines_edited_by_hand', 'new.run_at := least(new.run_at, now());', 'null;'],
  ['a requeue that forgets the group', 'requeue_pipeline', 'or entwine = grp', 'or false', 'gate'],
  ['a requeue that goes back to a skipped job', 'requeue_pipeline', "and entwine = grp and status <> 'skipped'", 'and entwine = grp'], // prettier-ignore
  ['a requeue of what is held', 'requeue_pipeline', "('failed', 'delayed')", "('failed', 'delayed', 'held')"],
  ['a requeue that keeps failures', 'requeue_pipeline', 'failures = 0, ', ''],
  ['a skip of a running job', 'skip_job', "('failed', 'held', 'delayed', 'pending')", "('failed', 'held', 'delayed', 'pending', 'in_process')"], // prettier-ignore
  ['a skip that leaves the epoch at the end', 'skip_job', 'epoch = epoch + 1', 'epoch = epoch'],
  ['a skip that goes to a job that was skipped', 'skip_job', "and status = 'waiting'", ''],
  ['a cancel that does not fence off the runner', 'cancel_pipeline', 'epoch = epoch + 1', 'epoch = epoch'],
  [
    'a cancel of what has ended',
    'cancel_pipeline',
    "p.status in ('success', 'cancelled')",
    "p.status in ('cancelled')",
  ],
  ['a cancel that does not count the run', 'cancel_pipeline', 'set attempt = attempt + 1', 'set attempt = attempt'],
  ['a wake of the dead', 'wake_pipeline', "p.hold_action = 'runner_died'", 'false'],
  ['a verb that does not fence off the runner', 'stand_at', 'epoch = p.epoch + 1', 'epoch = p.epoch', 'gate'],
  ['a verb that keeps rescues', 'stand_at', 'rescues = 0, ', ''],
  ['a verb that leaves the error', 'stand_at', 'error = null, ', ''],
  ['an answer given twice', 'decide', 'p.decision_rev = p_hold_rev or exists (select from decisions where pipeline_id = p_id and hold_rev = p_hold_rev)', 'false'], // prettier-ignore
  ['an answer to an old question', 'decide', 'p.hold_rev <> p_hold_rev', 'false', 'gate'],
  ['an answer past a claim', 'decide', 'p.assignee is not null and p.assignee <> p_actor', 'false', 'gate'],
  ['an answer kept out by a claim that expired', 'decide', 'and p.assigned_until > now()', ''],
  ['an answer that leaves the claim', 'decide', 'set decision_rev = p_hold_rev, assignee = null', 'set decision_rev = p_hold_rev, assignee = assignee'], // prettier-ignore
  ['an answer that takes the job from its runner', 'decide', "if p.status = 'in_process' then return 'in_process'; end if;", ''], // prettier-ignore
  ['an answer about a dead runner that the job sees', 'decide', "p.hold_action = 'runner_died'", 'false'],
  ['an answer to nothing', 'decide', "p.hold_action is null or p.status not in ('held', 'pending', 'delayed', 'in_process')", 'p.hold_action is null'], // prettier-ignore
  ['a claim past another', 'claim_pipeline', 'claim_counts(p) and', 'false and'],
  ['a claim kept out by one that expired', 'claim_counts', 'coalesce(p.assigned_until > clock_timestamp(), false)', 'true'], // prettier-ignore
  ['a claim of what was answered', 'asking_pipeline', 'p.decision_rev = p.hold_rev or exists', 'false and exists'],
  ["a release of somebody else's", 'release_pipeline', 'and not p_others', 'and false'],
  ['a snooze without a reason', 'snooze_pipeline', "coalesce(trim(p_reason), '') = ''", 'false'],
  ['a snooze of the next question', 'snooze_pipeline', 'then p.hold_rev end', 'then p.hold_rev + 1 end'],
]);
