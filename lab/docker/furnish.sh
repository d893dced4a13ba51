#!/bin/bash
# Roles and sample data, once, through HAProxy; then it stays, so that others can wait for it.
set -euo pipefail
export PGHOST=haproxy PGPORT=5432 PGUSER=postgres PGDATABASE=app
until psql -XAtc "select 1" >/dev/null 2>&1; do sleep 1; done
if [ "$(psql -XAtc "select count(*) from pg_roles where rolname = 'mcp_user'")" = 0 ]; then
  given=(-X -q -v ON_ERROR_STOP=1 -v "app_password=$PGPASSWORD" -v "mcp_user_password=$PGPASSWORD" -v "dpg_cluster_password=$PGPASSWORD")
  psql "${given[@]}" -c "create extension if not exists pg_stat_statements"
  psql "${given[@]}" -f /estate/lab/owner.sql
  psql "${given[@]}" -v owner=app -v reader=mcp_user -v actor=dpg_cluster -f /estate/docs/roles.sql
  psql "${given[@]}" -f /estate/lab/passwords.sql
  PGUSER=app psql "${given[@]}" -f /estate/lab/sample.sql
fi
touch /tmp/furnished
exec sleep infinity
