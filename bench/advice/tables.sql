-- A wholesale market: what its analysts ask and what its shop does. {scale} is 1 for the bench.
CREATE TABLE lands (id int PRIMARY KEY, name text NOT NULL, zone text NOT NULL);
INSERT INTO lands SELECT n, 'land ' || n, 'zone ' || n % 5 FROM generate_series(1, 25) AS n;

CREATE TABLE makers (id int PRIMARY KEY, name text NOT NULL, land_id int NOT NULL, rating numeric NOT NULL);
INSERT INTO makers SELECT n, 'maker ' || n, abs(hashint4(n)) % 25 + 1, abs(hashint4(n + 7)) % 1000 / 10.0
  FROM generate_series(1, ({scale} * 1000)::int) AS n;

CREATE TABLE goods (id int PRIMARY KEY, name text NOT NULL, kind text NOT NULL, size int NOT NULL, wrapping text NOT NULL,
                    price numeric NOT NULL, traits jsonb NOT NULL);
INSERT INTO goods SELECT n, 'good ' || md5(n::text), 'kind ' || abs(hashint4(n)) % 60, abs(hashint4(n + 1)) % 50,
       (ARRAY['box', 'bag', 'jar', 'drum', 'none'])[abs(hashint4(n + 2)) % 5 + 1], abs(hashint4(n + 3)) % 100000 / 100.0,
       jsonb_build_object('colour', abs(hashint4(n + 4)) % 30, 'grade', abs(hashint4(n + 5)) % 400)
  FROM generate_series(1, ({scale} * 20000)::int) AS n;

CREATE TABLE offers (maker_id int NOT NULL, good_id int NOT NULL, cost numeric NOT NULL, held int NOT NULL,
                     PRIMARY KEY (maker_id, good_id));
INSERT INTO offers SELECT abs(hashint4(n)) % ({scale} * 1000)::int + 1, n % ({scale} * 20000)::int + 1,
       abs(hashint4(n + 1)) % 100000 / 100.0, abs(hashint4(n + 2)) % 1000
  FROM generate_series(1, ({scale} * 80000)::int) AS n ON CONFLICT DO NOTHING;

CREATE TABLE buyers (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL, phone text NOT NULL, land_id int NOT NULL,
                     branch text NOT NULL, balance numeric NOT NULL);
INSERT INTO buyers SELECT n, 'buyer ' || n, 'Mail' || n || '@example.org', lpad((abs(hashint4(n)) % 100000000)::text, 9, '0'),
       abs(hashint4(n + 1)) % 25 + 1, (ARRAY['farm', 'mill', 'inn', 'shop', 'yard'])[abs(hashint4(n + 2)) % 5 + 1],
       abs(hashint4(n + 3)) % 1000000 / 100.0 - 1000
  FROM generate_series(1, ({scale} * 15000)::int) AS n;

CREATE TABLE purchases (id int PRIMARY KEY, buyer_id int NOT NULL, state text NOT NULL, placed date NOT NULL,
                        urgency int NOT NULL, total numeric NOT NULL);
INSERT INTO purchases SELECT n, abs(hashint4(n)) % ({scale} * 10000)::int + 1,
       CASE WHEN abs(hashint4(n + 1)) % 100 < 3 THEN 'open' ELSE 'done' END,
       date '2018-01-01' + abs(hashint4(n + 2)) % 2400, abs(hashint4(n + 3)) % 5, abs(hashint4(n + 4)) % 1000000 / 100.0
  FROM generate_series(1, ({scale} * 150000)::int) AS n;

CREATE TABLE lines (purchase_id int NOT NULL, line int NOT NULL, good_id int NOT NULL, maker_id int NOT NULL, amount int NOT NULL,
                    price numeric NOT NULL, rebate numeric NOT NULL, returned boolean NOT NULL, sent date NOT NULL,
                    promised date NOT NULL, arrived date NOT NULL, PRIMARY KEY (purchase_id, line));
INSERT INTO lines SELECT (n - 1) / 4 + 1, (n - 1) % 4 + 1, abs(hashint4(n)) % ({scale} * 20000)::int + 1,
       abs(hashint4(n + 1)) % ({scale} * 1000)::int + 1, abs(hashint4(n + 2)) % 50 + 1, abs(hashint4(n + 3)) % 100000 / 100.0,
       abs(hashint4(n + 4)) % 11 / 100.0, abs(hashint4(n + 5)) % 100 < 2, date '2018-01-01' + abs(hashint4(n + 6)) % 2500,
       date '2018-01-01' + abs(hashint4(n + 6)) % 2500 + 10, date '2018-01-01' + abs(hashint4(n + 6)) % 2500 + abs(hashint4(n + 7)) % 20
  FROM generate_series(1, ({scale} * 600000)::int) AS n;

CREATE TABLE messages (id int PRIMARY KEY, account_id int NOT NULL, peer_id int NOT NULL, sent timestamptz NOT NULL,
                       seen_at timestamptz, body text NOT NULL);
INSERT INTO messages SELECT n, abs(hashint4(n)) % ({scale} * 8000)::int + 1, abs(hashint4(n + 1)) % ({scale} * 8000)::int + 1,
       timestamptz '2024-01-01' + n * interval '2 min', CASE WHEN abs(hashint4(n + 2)) % 50 > 0 THEN timestamptz '2025-01-01' END,
       'word ' || md5(n::text) || ' ' || md5((n + 1)::text)
  FROM generate_series(1, ({scale} * 200000)::int) AS n;

CREATE TABLE logins (id int PRIMARY KEY, account_id int NOT NULL, token text NOT NULL, begun timestamptz NOT NULL,
                     ends timestamptz NOT NULL);
INSERT INTO logins SELECT n, abs(hashint4(n)) % ({scale} * 8000)::int + 1, md5(n::text) || md5((n + 9)::text),
       timestamptz '2025-01-01' + n * interval '30 s', timestamptz '2025-01-01' + n * interval '30 s' + interval '1 day'
  FROM generate_series(1, ({scale} * 200000)::int) AS n;

CREATE TABLE stock (id int PRIMARY KEY, store_id int NOT NULL, good_id int NOT NULL, amount int NOT NULL);
INSERT INTO stock SELECT n, abs(hashint4(n)) % 40 + 1, n % ({scale} * 20000)::int + 1, abs(hashint4(n + 1)) % 500
  FROM generate_series(1, ({scale} * 100000)::int) AS n;

VACUUM ANALYZE;
