-- docs/roles.sql sets none.
ALTER ROLE mcp_user PASSWORD :'mcp_user_password';
ALTER ROLE dpg_cluster PASSWORD :'dpg_cluster_password';
