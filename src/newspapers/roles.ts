/** The roles of a newspaper site: its words and what each may (newspapers spec 1.9). Adding a role touches this file only. */
import { ASSIGN_WORK, defineRole, LIST_USERS, MODIFY_USERS, Roles } from '../engine/roles.js';

/** What programs and actions ask for. A privilege that no role names is the sysop's alone. */
export const MODIFY_TITLES = 'modify titles';
export const CHANGE_VALIDATED_LCCN = 'change a validated LCCN';
export const MODIFY_ORGANISATIONS = 'modify organisations';
export const SEE_UPLOADS = 'see uploads';
export const QUEUE_UPLOADS = 'queue uploads';
export const SEE_WORKFLOW = 'see the workflow';
export const REVIEW_PAGES = 'review pages';
export const ENTER_METADATA = 'enter metadata';
export const REVIEW_METADATA = 'review metadata';
export const REVIEW_OWN_METADATA = 'review own metadata';
export const MEND_UNFIXABLE = 'work on unfixable errors';
export const SEE_BATCHES = 'see batches';
export const BUILD_BATCHES = 'build batches';
export const REVIEW_BATCHES = 'approve, reject or flag batches';
export const ARCHIVE_BATCHES = 'flag batches as archived';
export const SEE_AUDIT_LOG = 'see the audit log';
export const IMPORT_SITE = 'import a site';

// NCA lets everybody rename pages who can reach the folder; saying "done" in the pen takes a role that sees the work.
const CURATE = [SEE_WORKFLOW, REVIEW_PAGES, ENTER_METADATA];
const REVIEW = [SEE_WORKFLOW, REVIEW_PAGES, REVIEW_METADATA];

export const newspaperRoles = [
  defineRole({
    name: 'sysop',
    summary: 'does everything; changes a validated LCCN, operates pipelines; alone sees and changes sysops',
    privileges: [],
    has: 'everything',
  }),
  defineRole({
    name: 'site manager',
    summary: 'sees the audit log; has every role but sysop',
    privileges: [SEE_AUDIT_LOG],
    has: 'every other role',
  }),
  defineRole({ name: 'title manager', summary: 'modifies titles', privileges: [MODIFY_TITLES] }),
  defineRole({ name: 'issue curator', summary: 'reviews pages, enters metadata', privileges: CURATE }),
  defineRole({ name: 'issue reviewer', summary: "reviews pages and others' metadata", privileges: REVIEW }),
  defineRole({
    name: 'issue manager',
    summary: 'what curators and reviewers may, also on own metadata; unfixable errors; assigns work',
    privileges: [...new Set([...CURATE, ...REVIEW]), REVIEW_OWN_METADATA, MEND_UNFIXABLE, ASSIGN_WORK],
  }),
  defineRole({
    name: 'user manager',
    summary: 'lists and changes users; grants only roles held',
    privileges: [LIST_USERS, MODIFY_USERS],
  }),
  defineRole({ name: 'marc org code manager', summary: 'modifies organisations', privileges: [MODIFY_ORGANISATIONS] }),
  defineRole({
    name: 'workflow manager',
    summary: 'sees and queues uploads, reviews pages',
    privileges: [SEE_UPLOADS, QUEUE_UPLOADS, SEE_WORKFLOW, REVIEW_PAGES],
  }),
  defineRole({ name: 'batch builder', summary: 'builds batches', privileges: [BUILD_BATCHES] }),
  defineRole({
    name: 'batch reviewer',
    summary: 'sees batches; approves, rejects or flags them at quality control',
    privileges: [SEE_BATCHES, REVIEW_BATCHES],
  }),
  defineRole({
    name: 'batch loader',
    summary: 'sees batches; flags them as archived',
    privileges: [SEE_BATCHES, ARCHIVE_BATCHES],
  }),
];

/** Who may what, here. */
export const roles = new Roles(newspaperRoles);
