-- The logins of the lab: an owner of the sample data, a reader, an administrator. Run as superuser on the coordinator.
CREATE ROLE app LOGIN PASSWORD :'app_password';
GRANT CREATE, CONNECT, TEMPORARY ON DATABASE app TO app;
GRANT ALL ON SCHEMA public TO app;

CREATE ROLE mcp_user LOGIN PASSWORD :'mcp_user_password';
GRANT pg_monitor, pg_read_all_data TO mcp_user;

CREATE ROLE dpg_cluster LOGIN PASSWORD :'dpg_cluster_password';
GRANT pg_monitor, pg_read_all_data, pg_signal_backend, app TO dpg_cluster;

SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus_columnar') AS columnar \gset
\if :columnar
CREATE EXTENSION IF NOT EXISTS citus_columnar;
\endif
