-- Makes the two database roles of Pressmark: the owner, who migrates, and the one that daemons and commands log in as, which may read and
-- write rows and nothing else. Run it again at any time: it changes only what differs.
--
-- When       once, in the database that Pressmark is to use, before the first bin/migrate-database or after it.
-- Call       psql "postgresql://postgres@dbhost/pressmark" -v owner=pressmark_owner -v role=pressmark -f bin/sql/create-role.sql
-- Variables  owner   role that owns the tables; where there are tables already: the one that owns them
--            role    role of the programs
-- Then       give both a way to log in: \password pressmark in psql (nothing of it is in a file or a log), a certificate, or peer. Then
--              DATABASE_URL=postgresql://pressmark_owner@dbhost/pressmark bin/migrate-database
--            and DATABASE_URL=postgresql://pressmark@dbhost/pressmark in settings.env. PUBLIC may make nothing in this database any more.
-- Rights     of the programs' role: to connect; rows of all schemas of Pressmark, present and future (new migrations need no new grants);
--            temporary tables (bin/issues import-nca). It cannot make, change or drop anything that lasts, empty tables, or read the
--            migrations' own schema.
-- Needs      a superuser, or, on a managed server that gives none, the role that owns the database and may make roles (as -v owner, too).
-- Refuses    tables that belong to somebody else, an owner and a role that are the same, a role that may do too much by itself.
\set ON_ERROR_STOP on
\set QUIET on
\set SHOW_CONTEXT never
\if :{?owner}
\else
  do $$ begin raise exception 'owner is missing' using hint = 'call it with -v owner=pressmark_owner, the role that is to own the tables'; end $$;
\endif
\if :{?role}
\else
  do $$ begin raise exception 'role is missing' using hint = 'call it with -v role=pressmark, the role that the programs are to log in as'; end $$;
\endif

begin;
set local lock_timeout = '10s';
select set_config('pressmark.owner', :'owner', true), set_config('pressmark.role', :'role', true) \g /dev/null

do $$
declare
  owner text := current_setting('pressmark.owner');
  role text := current_setting('pressmark.role');
  name text;
  schema text;
  others text;
begin
  if not (select rolsuper or rolcreaterole and pg_has_role(d.datdba, 'usage') from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()) then
    raise exception '% may not do this', current_user using hint = 'call it as a superuser, or as the owner of the database if that may make roles';
  end if;
  foreach name in array array[owner, role] loop
    if name !~ '^[a-z_][a-z0-9_$-]{0,62}$' or name ~ '^pg_' or name = 'public' then
      raise exception '% is no name for a role', quote_literal(name) using hint = 'small letters, digits, _ and -, at most 63, beginning with a letter';
    end if;
  end loop;
  if owner = role then
    raise exception 'the owner and the role of the programs must be two' using hint = 'who owns the tables may drop them';
  end if;
  select string_agg(distinct tableowner, ', ') into others from pg_tables
  where schemaname not in ('pg_catalog', 'information_schema') and tableowner <> owner;
  if others is not null then
    raise exception 'there are tables that belong to %, not to %', others, owner
      using hint = format('call it with -v owner=%s, or give them away first: reassign owned by %s to %s', others, others, owner);
  end if;
  foreach name in array array[owner, role] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I login', name);
    end if;
  end loop;
  if (select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls from pg_roles where rolname = role) then
    raise exception 'the role % may do too much: it is a superuser, or may make roles or databases, replicate, or bypass row security', role
      using hint = format('take another, or: alter role %I nosuperuser nocreatedb nocreaterole noreplication nobypassrls', role);
  end if;
  if pg_has_role(role, owner, 'member') then
    raise exception 'the role % is a member of %, and may do what the owner may', role, owner using hint = format('revoke %I from %I', owner, role);
  end if;

  -- The owner makes schemas and tables here, everybody else does not (before PostgreSQL 15 all might, in public).
  execute format('grant connect, create, temporary on database %I to %I', current_database(), owner);
  execute format('grant create, usage on schema public to %I', owner);
  execute format('revoke create, temporary on database %I from public', current_database());
  revoke create on schema public from public;
  execute format('revoke create on database %I from %I', current_database(), role);
  execute format('revoke create on schema public from %I', role);
  execute format('grant connect, temporary on database %I to %I', current_database(), role);

  -- The migrations' own schema stays the owner's. It exists before the default below does, so that it gets nothing of it.
  if not exists (select from pg_namespace where nspname = 'graphile_migrate') then
    execute format('create schema graphile_migrate authorization %I', owner);
  end if;
  execute format('revoke all on schema graphile_migrate from public, %I', role);
  execute format('revoke all on all tables in schema graphile_migrate from public, %I', role);
  execute format('revoke all on all sequences in schema graphile_migrate from public, %I', role);

  -- What there is.
  for schema in
    select nspname from pg_namespace
    where nspname !~ '^pg_' and nspname not in ('information_schema', 'graphile_migrate') and (nspname = 'public' or pg_get_userbyid(nspowner) = owner)
  loop
    execute format('grant usage on schema %I to %I', schema, role);
    execute format('grant select, insert, update, delete on all tables in schema %I to %I', schema, role);
    execute format('grant usage, select, update on all sequences in schema %I to %I', schema, role);
    execute format('grant execute on all functions in schema %I to %I', schema, role);
  end loop;
  -- What there will be.
  execute format('alter default privileges for role %I grant usage on schemas to %I', owner, role);
  execute format('alter default privileges for role %I grant select, insert, update, delete on tables to %I', owner, role);
  execute format('alter default privileges for role %I grant usage, select, update on sequences to %I', owner, role);
  execute format('alter default privileges for role %I grant execute on functions to %I', owner, role);

  if has_database_privilege(role, current_database(), 'create') or has_schema_privilege(role, 'public', 'create') then
    raise exception 'the role % may still make schemas or tables here, by a right that % cannot take away', role, current_user
      using hint = 'call it as a superuser';
  end if;
end $$;

\echo 'Roles:'
select rolname as role, rolcanlogin as "may log in", has_database_privilege(rolname, current_database(), 'create') as "may make schemas",
  has_schema_privilege(rolname, 'public', 'create') as "may make tables", has_schema_privilege(rolname, 'graphile_migrate', 'usage') as "sees the migrations"
from pg_roles where rolname in (:'owner', :'role') order by rolname = :'role';
\echo 'Tables of the programs'' role:'
select n.nspname as schema, count(*) as tables, count(*) filter (where u.sees and has_table_privilege(:'role', c.oid, 'select')) as read,
  count(*) filter (where u.sees and has_table_privilege(:'role', c.oid, 'insert')) as write,
  count(*) filter (where u.sees and has_table_privilege(:'role', c.oid, 'update')) as change
from pg_class c join pg_namespace n on n.oid = c.relnamespace, lateral (select has_schema_privilege(:'role', n.oid, 'usage') as sees) u
where c.relkind in ('r', 'p', 'v') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' group by 1 order by 1;
commit;
