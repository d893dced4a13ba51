-- A shop with many tenants, with something to find in it. Every value follows from its number, so each load is the same.
SET client_min_messages = warning;
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS citus,
       EXISTS (SELECT FROM pg_am WHERE amname = 'columnar') AS columnar,
       to_regclass('pg_catalog.pg_dist_schema') IS NOT NULL AS schemas -- before Citus 12 one shard alone stays local
\gset

CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE tenants (tenant_id int PRIMARY KEY, name text NOT NULL, country text NOT NULL REFERENCES countries);
CREATE TABLE orders (
    tenant_id int NOT NULL, order_id bigint NOT NULL, placed_at timestamptz NOT NULL, status text NOT NULL,
    amount numeric(12, 2) NOT NULL, note text,
    PRIMARY KEY (tenant_id, order_id));
CREATE TABLE order_lines (
    tenant_id int NOT NULL, order_id bigint NOT NULL, line int NOT NULL, product text NOT NULL, quantity int NOT NULL,
    PRIMARY KEY (tenant_id, order_id, line));
-- without a primary key: logical shard moves are refused until it has one
CREATE TABLE clicks (device text NOT NULL, at timestamptz NOT NULL, page text NOT NULL);
CREATE TABLE readings (
    sensor int NOT NULL, at timestamptz NOT NULL, value double precision NOT NULL, PRIMARY KEY (sensor, at)
) PARTITION BY RANGE (at);
CREATE TABLE settings (key text PRIMARY KEY, value jsonb NOT NULL);
CREATE SCHEMA tenant_a;
CREATE SCHEMA tenant_b;

\if :citus
SET citus.shard_count = 12;
SET citus.shard_replication_factor = 1;
SELECT create_reference_table('countries');
SELECT create_distributed_table('tenants', 'tenant_id');
SELECT create_distributed_table('orders', 'tenant_id', colocate_with => 'tenants');
SELECT create_distributed_table('order_lines', 'tenant_id', colocate_with => 'tenants');
SELECT create_distributed_table('clicks', 'device', shard_count => 4, colocate_with => 'none');
SELECT create_distributed_table('readings', 'sensor', shard_count => 4, colocate_with => 'none');
\endif
\if :schemas
SELECT create_distributed_table('settings', NULL, distribution_type => NULL, colocate_with => 'none');
SELECT citus_schema_distribute('tenant_a');
SELECT citus_schema_distribute('tenant_b');
\endif

INSERT INTO countries
SELECT 'C' || n, 'Country ' || n FROM generate_series(1, 40) n;
ALTER TABLE order_lines ADD CONSTRAINT order_lines_order_fkey
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, order_id);
-- tenant 1 owns most of the rows
INSERT INTO tenants
SELECT n, 'Tenant ' || n, 'C' || (1 + n % 40) FROM generate_series(1, 200) n;
INSERT INTO orders
SELECT CASE WHEN n % 10 < 7 THEN 1 ELSE 2 + n % 199 END, n,
       timestamptz '2026-01-01 00:00+00' + n * interval '7 minutes',
       (ARRAY['new', 'paid', 'sent', 'returned'])[1 + n % 4],
       (n % 100000) / 100.0, CASE WHEN n % 5 = 0 THEN md5(n::text) END
FROM generate_series(1, 40000) n;
INSERT INTO order_lines
SELECT CASE WHEN n % 10 < 7 THEN 1 ELSE 2 + n % 199 END, n, line, 'P' || (n * line) % 500, 1 + n % 9
FROM generate_series(1, 40000) n, generate_series(1, 2) line;
CREATE INDEX orders_status_idx ON orders (status);
CREATE INDEX orders_status_again_idx ON orders (status);
CREATE INDEX order_lines_product_idx ON order_lines (product);

INSERT INTO clicks
SELECT 'd' || n % 1000, timestamptz '2026-02-01 00:00+00' + n * interval '1 second', '/page/' || n % 50
FROM generate_series(1, 20000) n;

-- by month
SELECT format('CREATE TABLE readings_p%s PARTITION OF readings FOR VALUES FROM (%L) TO (%L)',
              to_char(month, 'YYYY_MM'), month, month + interval '1 month')
FROM generate_series(timestamp '2026-01-01', '2026-06-01', interval '1 month') month \gexec
INSERT INTO readings
SELECT n % 50, timestamptz '2026-01-01 00:00+00' + n * interval '12 minutes', sin(n) FROM generate_series(1, 20000) n;

-- columnar, for rows that are only ever appended
\if :columnar
CREATE TABLE archive (id bigint NOT NULL, at timestamptz NOT NULL, body text NOT NULL) USING columnar;
INSERT INTO archive
SELECT n, timestamptz '2020-01-01 00:00+00' + n * interval '1 hour', md5(n::text) FROM generate_series(1, 20000) n;
\endif

INSERT INTO settings
SELECT 'key' || n, jsonb_build_object('number', n, 'text', md5(n::text)) FROM generate_series(1, 100) n;

CREATE TABLE tenant_a.notes (id int PRIMARY KEY, body text NOT NULL);
CREATE TABLE tenant_b.notes (id int PRIMARY KEY, body text NOT NULL);
INSERT INTO tenant_a.notes
SELECT n, md5(n::text) FROM generate_series(1, 5000) n;
INSERT INTO tenant_b.notes
SELECT n, md5(n::text) FROM generate_series(1, 200) n;

-- local: one that would be better distributed, one that nobody uses, one with a foreign key that no index helps
CREATE TABLE invoices (invoice_id bigint PRIMARY KEY, tenant_id int NOT NULL, total numeric(12, 2) NOT NULL);
INSERT INTO invoices
SELECT n, 1 + n % 200, (n % 5000) / 7.0 FROM generate_series(1, 30000) n;
CREATE TABLE payments (payment_id bigint PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES invoices, paid_on date NOT NULL);
INSERT INTO payments
SELECT n, n, date '2026-01-01' + (n % 300)::int FROM generate_series(1, 10000) n;
CREATE TABLE forgotten (id int PRIMARY KEY, body text);
CREATE VIEW open_orders AS SELECT tenant_id, count(*) AS orders, sum(amount) AS amount FROM orders WHERE status = 'new' GROUP BY tenant_id;

ANALYZE;
