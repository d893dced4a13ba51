-- The owner of the sample data, and what it needs. Run as superuser on the coordinator, before docs/roles.sql.
CREATE ROLE app LOGIN PASSWORD :'app_password';
GRANT CREATE, CONNECT, TEMPORARY ON DATABASE app TO app;
GRANT ALL ON SCHEMA public TO app;

-- Before Citus 12.1 grants on a database do not reach the workers.
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS on_citus \gset
\if :on_citus
SELECT count(*) FROM run_command_on_workers('GRANT CREATE, CONNECT, TEMPORARY ON DATABASE app TO app');
\endif

SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus_columnar') AS columnar \gset
\if :columnar
CREATE EXTENSION IF NOT EXISTS citus_columnar;
\endif
