--! Previous: sha1:70777fc184b9e1ae9a0098c8d23d5d628ac67182
--! Hash: sha1:043c0b9937de6147cb6aaa5a9547f4e112f957f7
--! Message: clean

-- What `run-jobs clean` needs: to find what ended long ago, and to delete it without reading tables through.

-- Finished pipelines by the time of their end. EXPLAIN shows an index scan that stops at the limit. Costs one entry per pipeline, when
-- it ends; that update moves the row in the other indexes anyway. Failed and open ones are not in it.
create index if not exists pipelines_finished on pipelines (completed_at, id) where completed_at is not null;

-- The foreign key of blocked_by asks for each deleted pipeline whether another waits for it. With the former predicate
-- (status = 'held' and ...) that question could not use the index, and read the whole table once per deleted row. Same rows, same size.
drop index if exists pipelines_blocked;
create index pipelines_blocked on pipelines (blocked_by) where blocked_by is not null;

-- Events about an object outlive its archived pipelines, as files.pipeline_id does: the story of an issue still names the pipeline by number.
alter table events drop constraint if exists events_pipeline_id_fkey;
comment on column events.pipeline_id is 'No foreign key: the event of an object outlives the archived pipeline.';
