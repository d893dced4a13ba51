-- The two logins of pgcluster-mcp with the least rights that work. Run it as a superuser in the database that the server
-- looks at, on the coordinator where there is Citus; running it again changes nothing more.
--
--   psql -d app -f docs/roles.sql
--   psql -d app -v owner=app -v reader=mcp_user -v actor=dpg_cluster -f docs/roles.sql
--
-- reader  the login of coordinator_dsn: sees everything, changes nothing
-- actor   the login of admin_dsn: signals backends; with -v owner=ROLE also owns what ROLE owns (CREATE INDEX, writes)
-- temp    revoke (default): TEMP on this database goes from PUBLIC to each login that exists now, so that the reader
--         has none and nobody else loses it; keep: leave it as it is
-- create  the same for CREATE in the schemas of this database: PUBLIC has it in public up to version 14, and still has
--         it where such a database was upgraded
--
-- No password is set here. Give each its own with \password, and its line in pg_hba.conf (on every Citus node). Citus
-- logs in from node to node as whoever asks: every node needs the passwords of both in its .pgpass, for each address of
-- pg_dist_node and for citus.local_hostname. Some acts on nodes need a superuser or grants; their plans name them.
\set ON_ERROR_STOP on
\if :{?reader}
\else
  \set reader mcp_user
\endif
\if :{?actor}
\else
  \set actor dpg_cluster
\endif
\if :{?temp}
\else
  \set temp revoke
\endif
\if :{?create}
\else
  \set create revoke
\endif

BEGIN;

SELECT format('CREATE ROLE %I', name)
  FROM unnest(ARRAY[:'reader', :'actor']) AS wanted(name)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name)
\gexec

ALTER ROLE :"reader" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT;
ALTER ROLE :"actor" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT;

SELECT format('GRANT CONNECT ON DATABASE %I TO %I, %I', current_database(), :'reader', :'actor')
\gexec

-- Contents and sizes of tables; activity, replication and settings.
GRANT pg_read_all_data, pg_monitor TO :"reader";

ALTER ROLE :"reader" SET default_transaction_read_only = on;
ALTER ROLE :"reader" SET statement_timeout = '30s';
ALTER ROLE :"reader" SET lock_timeout = '2s';
ALTER ROLE :"reader" SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE :"reader" SET temp_file_limit = '1GB';
ALTER ROLE :"reader" SET client_connection_check_interval = '2s';

-- Reading SQL is judged by the server's own query tree, which would else fill the server's log.
SELECT current_setting('server_version_num')::int >= 150000 AS parameters_can_be_granted
\gset
\if :parameters_can_be_granted
GRANT SET ON PARAMETER log_min_messages TO :"reader";
\endif

-- Who blocks whom, and to stop it: not superusers' backends.
GRANT pg_monitor, pg_signal_backend TO :"actor";
ALTER ROLE :"actor" SET idle_in_transaction_session_timeout = '60s';

\if :{?owner}
SELECT CASE WHEN rolsuper THEN 'true' ELSE 'false' END AS owner_is_super
  FROM pg_catalog.pg_roles
 WHERE rolname = :'owner'
\gset
\if :owner_is_super
DO $$ BEGIN RAISE EXCEPTION 'the owner is a superuser: give its tables to another role first'; END $$;
\endif
GRANT :"owner" TO :"actor";
\endif

SELECT :'temp' = 'revoke' AND EXISTS (
         SELECT FROM pg_catalog.pg_database AS here
         CROSS JOIN LATERAL aclexplode(coalesce(here.datacl, acldefault('d', here.datdba))) AS granted
          WHERE here.datname = current_database() AND granted.grantee = 0
            AND granted.privilege_type = 'TEMPORARY') AS temp_is_public
\gset
\if :temp_is_public
SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), rolname)
  FROM pg_catalog.pg_roles
 WHERE rolcanlogin AND NOT rolsuper AND rolname NOT IN (:'reader', :'actor')
\gexec
SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database())
\gexec
\endif

SELECT format('GRANT CREATE ON SCHEMA %I TO %I', nspname, rolname)
  FROM pg_catalog.pg_namespace
 CROSS JOIN LATERAL aclexplode(nspacl) AS granted
 CROSS JOIN pg_catalog.pg_roles
 WHERE :'create' = 'revoke' AND granted.grantee = 0 AND granted.privilege_type = 'CREATE'
   AND rolcanlogin AND NOT rolsuper AND rolname NOT IN (:'reader', :'actor')
\gexec
SELECT format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', nspname)
  FROM pg_catalog.pg_namespace
 CROSS JOIN LATERAL aclexplode(nspacl) AS granted
 WHERE :'create' = 'revoke' AND granted.grantee = 0 AND granted.privilege_type = 'CREATE'
\gexec

SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') AS on_citus
\gset
\if :on_citus
-- A node that is down must not cost the whole deadline, and reading must leave no idle backend on the workers.
ALTER ROLE :"reader" SET citus.node_connection_timeout = '2s';
ALTER ROLE :"reader" SET citus.max_cached_conns_per_worker = 0;
\endif

COMMIT;
