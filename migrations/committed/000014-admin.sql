--! Previous: sha1:043c0b9937de6147cb6aaa5a9547f4e112f957f7
--! Hash: sha1:56b40282df2b05864dc8c20d5cad00e8d109e73a
--! Message: admin

-- For a role of the programs that sees nothing of the migrations' own schema (bin/sql/create-role.sql).

-- Which migrations the database has: each program asks at its start. With the rights of its owner, and nothing but the names.
create or replace function applied_migrations() returns setof text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select filename from graphile_migrate.migrations
$$;
