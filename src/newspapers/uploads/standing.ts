/** What the workflow knows of uploads already: whether they are being taken in, and whether the same issue is further on (newspapers spec 5.4.3, 5.4.5). */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { DB } from '../../database/database.js';
import { beginsAgain } from '../begins-again.js';
import { formatIssueKey } from '../issue-key.js';
import { ISSUE_OBJECT } from '../issues.js';
import { liveAmong, type LiveIssue } from '../oni/live-index.js';
import { GIVE_BACK } from '../pipelines/give-back.js';
import { STEP_RANK, UPLOAD_RANK, type IssueKind, type WorkflowStep } from '../workflow-step.js';
import type { Upload } from './upload.js';

/** An issue in the workflow and how its latest pipeline stands. */
export interface Standing {
  issueId: number;
  /** `LCCN/YYYYMMDDEE`. */
  key: string;
  kind: IssueKind;
  workflowStep: WorkflowStep;
  /** Out of the workflow. */
  ignored: boolean;
  /** Let in although its key was there: its number names it, the key means the other. */
  isDuplicate: boolean;
  /** Where its files are now. */
  location: string | null;
  pipelineId: number | null;
  pipeline: string | null;
  pipelineStatus: string | null;
  /** Type of the job it stands at. */
  job: string | null;
  /** The same of one that is over: where it was cancelled, or was ended by leaving that job out. */
  stoodAt: string | null;
  /** The question that a held one asks. */
  question: string | null;
  /** What a held one waits for, in words. */
  waitsFor: string | null;
  /** Of a failed pipeline: why, and the last error lines of its log, oldest first. */
  error: string | null;
  /** The name of that error's class. */
  errorName: string | null;
  errorLines: string[];
}

/** What is known of one upload. */
export interface Known {
  /** The issue that this very directory is being taken in as. */
  intake?: Standing;
  /** Another issue of the same key that is as far or further on. */
  twin?: Standing;
  /** Another issue of the same key that was flagged as unfixable: in the way, but no duplicate. */
  flagged?: Standing;
  /** The issue of the same key on the public site; looked at when none is in the workflow. */
  live?: LiveIssue;
}

/** What the workflow and the index of the live site know of each upload: one question to either for all of them. */
export async function lookUp(db: Kysely<DB>, uploads: readonly Upload[]): Promise<Map<Upload, Known>> {
  const keyed = uploads.flatMap(({ key }) => (key ? [key] : []));
  const rows = keyed.length === 0 ? [] : await standings(db, keyed);
  const live = await liveAmong(db, keyed);
  const byKey = new Map<string, Standing[]>();
  for (const row of rows) byKey.set(row.key, [...(byKey.get(row.key) ?? []), row]);
  return new Map(uploads.map((upload) => [upload, known(upload, byKey, live)]));
}

function known(
  { key, directory }: Upload,
  byKey: ReadonlyMap<string, Standing[]>,
  liveByKey: ReadonlyMap<string, LiveIssue>,
): Known {
  const all = (key && byKey.get(formatIssueKey(key))) ?? [];
  const intake = all.find(({ location }) => location === directory);
  if (intake) return { intake };
  const twin = all.find(({ workflowStep }) => STEP_RANK[workflowStep] > UPLOAD_RANK);
  if (twin) return { twin };
  if (all[0]) return { flagged: all[0] };
  const live = key && liveByKey.get(formatIssueKey(key));
  return live ? { live } : {};
}

const LINES = 5;

async function standings(
  db: Kysely<DB>,
  keys: readonly { lccn: string; date: string; edition: number }[],
): Promise<Standing[]> {
  const wanted = JSON.stringify(keys.map(({ lccn, date, edition }) => ({ lccn, date, edition })));
  return select(
    db,
    sql`jsonb_to_recordset(${wanted}::jsonb) as k (lccn text, date date, edition int)
    join newspapers.titles t on t.lccn = k.lccn
    join newspapers.issues i on i.title_id = t.id and i.date = k.date and i.edition = k.edition
      and (not i.ignored or i.workflow_step = 'InProduction')`,
    sql`true`,
  );
}

/** Issues whose intake, or what was to undo it, does not go on, wherever their files are by now. */
export async function stuckIntakes(db: Kysely<DB>): Promise<Standing[]> {
  return select(
    db,
    sql`newspapers.issues i join newspapers.titles t on t.id = i.title_id`,
    sql`not i.ignored and i.workflow_step = 'AwaitingProcessing' and p.status in ('failed', 'cancelled')`,
  );
}

/** An issue and how its latest pipeline stands; undefined when there is no such issue. */
export async function standingOf(db: Kysely<DB>, issueId: number): Promise<Standing | undefined> {
  const [standing] = await standingsOf(db, [issueId]);
  return standing;
}

/** The same of many. */
export async function standingsOf(db: Kysely<DB>, issueIds: readonly number[]): Promise<Standing[]> {
  return select(
    db,
    sql`newspapers.issues i join newspapers.titles t on t.id = i.title_id`,
    sql`i.id = any(${issueIds})`,
  );
}

/** Issues as i of titles as t, each with its latest pipeline as p. */
async function select(db: Kysely<DB>, from: RawBuilder<unknown>, where: RawBuilder<unknown>): Promise<Standing[]> {
  const { rows } = await sql<Omit<Standing, 'key'> & { lccn: string; date: string; edition: number }>`
    select i.id as "issueId", t.lccn, i.date, i.edition, i.kind, i.workflow_step as "workflowStep",
      i.ignored, i.duplicate_reason is not null as "isDuplicate", i.location,
      p.id as "pipelineId", p.name as pipeline, p.status as "pipelineStatus", case when p.status = 'held' then p.hold_message end as "waitsFor",
      (select j.type from jobs j where j.pipeline_id = p.id and j.sequence = p.next_sequence and p.completed_at is null) as job,
      (select j.type from jobs j where j.pipeline_id = p.id and j.sequence = p.next_sequence
        and (p.status <> 'success' or j.status = 'skipped')) as "stoodAt",
      case when p.status = 'held' then p.hold_action end as question,
      case when p.status in ('failed', 'delayed') then p.error ->> 'message' end as error,
      case when p.status in ('failed', 'delayed') then p.error ->> 'name' end as "errorName",
      case when p.status = 'failed' then array(
        select line.message from (
          select l.id, l.message from job_logs l
          where l.pipeline_id = p.id and l.level in ('error', 'fatal') order by l.id desc limit ${LINES}) line
        order by line.id) else '{}' end as "errorLines"
    from ${from}
    left join lateral (
      select * from pipelines p where p.object_type = ${ISSUE_OBJECT} and p.object_id = i.id order by p.id desc limit 1) p on true
    where ${where}
    order by i.duplicate_reason is not null, i.id`.execute(db);
  return rows.map(({ lccn, date, edition, ...rest }) => ({ ...rest, key: formatIssueKey({ lccn, date, edition }) }));
}

/** How the intake of an upload is going. */
export type IntakeState =
  /** It goes on by itself, or waits for a person in the holding pen. */
  | 'running'
  /** A job failed for good. */
  | 'failed'
  /** Its pipeline was cancelled, and the upload left where it was. */
  | 'cancelled';

export function intakeState({ pipelineStatus }: Standing): IntakeState {
  if (pipelineStatus === 'failed') return 'failed';
  const isOpen = pipelineStatus !== null && pipelineStatus !== 'cancelled' && pipelineStatus !== 'success';
  return isOpen ? 'running' : 'cancelled';
}

/** What is to be done about an intake, or a later pipeline, that does not go on, for messages: what will help comes first. */
export function intakeRemedies(standing: Standing): string {
  const { key, issueId, isDuplicate, pipeline } = standing;
  const issue = isDuplicate ? String(issueId) : key;
  const resume = `"bin/issues resume ${issue}"`;
  const goesOn = `${resume} lets it go on where it failed`;
  const isFailed = intakeState(standing) === 'failed';
  const cancel = `"bin/issues cancel-intake ${issue} --reason TEXT"`;
  const takeBack = `${cancel} takes it back, so that it can be queued again`;
  if (pipeline === GIVE_BACK) return isFailed ? `its files are being brought back; ${goesOn}` : takeBack;
  if (!isFailed && beginsAgain(standing) !== undefined) return `${resume} begins it again`;
  if (isPastIntake(standing)) return isFailed ? goesOn : '"bin/remove-dead-issues" takes it out of the workflow';
  if (!isFailed) return takeBack;
  if (isOfItsFiles(standing))
    return `give it back with ${cancel}, have the file replaced, queue it again; ${resume} fails again until that is mended`;
  return `${goesOn}, ${takeBack}`;
}

/** Why an upload stays out whose issue was flagged, and what to do, for messages. */
export const flaggedRemedy = ({ issueId }: Standing): string =>
  `issue ${issueId} was flagged as unfixable: "bin/issues show ${issueId}"; decide about it in the holding pen first`;

/** Its pages were reviewed, or it is being removed: the upload is not given back any more. */
function isPastIntake({ kind, pipeline, pipelineStatus }: Standing): boolean {
  if (pipeline !== null && !isIntake(pipeline)) return true;
  if (pipelineStatus !== 'failed') return pipeline === 'MakeDerivatives' && kind === 'borndigital';
  return pipeline !== 'TakeInUpload' && !(pipeline === 'MakeDerivatives' && kind === 'scan');
}

/** Whether a pipeline of that name is the intake of an issue, or undoes it: those that come later do not give the upload back. */
export const isIntake = (pipeline: string): boolean =>
  ['TakeInUpload', 'MakeDerivatives', GIVE_BACK].includes(pipeline);

/** What was uploaded cannot be used as it is: a file was refused, or the split failed for good. */
const isOfItsFiles = ({ job, errorName }: Standing): boolean =>
  errorName === 'SourceRefused' || errorName === 'PagesRefused' || (job === 'page_split' && errorName === 'FatalError');
