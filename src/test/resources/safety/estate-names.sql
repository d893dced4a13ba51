-- Functions and operators of an owner that fit better than the catalogue's wherever the whole search path counts.
SET ROLE owner;
CREATE FUNCTION unnest(oid[]) RETURNS SETOF oid LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock(666); END';
CREATE FUNCTION array_to_string(text[], text) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock(666); RETURN 1; END';
CREATE FUNCTION evil_equal(oid, int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock(666); RETURN true; END';
CREATE OPERATOR = (LEFTARG = oid, RIGHTARG = int, FUNCTION = evil_equal);
CREATE FUNCTION evil_name(name, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock(666); RETURN true; END';
CREATE OPERATOR = (LEFTARG = name, RIGHTARG = text, FUNCTION = evil_name);
CREATE FUNCTION evil_big(oid, bigint) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock(666); RETURN true; END';
CREATE OPERATOR = (LEFTARG = oid, RIGHTARG = bigint, FUNCTION = evil_big);
RESET ROLE;
-- ANALYZE keeps samples of the passwords.
ALTER ROLE owner PASSWORD 'x'; ALTER ROLE reader PASSWORD 'y'; ALTER ROLE plain PASSWORD 'z'; ANALYZE pg_authid;
SET search_path = public;
CREATE TABLE generated (id int, g int GENERATED ALWAYS AS (evil_calm(1)) STORED);
CREATE AGGREGATE sets(text, boolean) (SFUNC = set_config, STYPE = text, INITCOND = 'pgcluster.harm'); ALTER EXTENSION hstore ADD AGGREGATE sets(text, boolean);
CREATE EXTENSION pageinspect; CREATE EXTENSION pg_surgery; CREATE EXTENSION pg_visibility; CREATE EXTENSION amcheck; CREATE EXTENSION tablefunc;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO owner;
SELECT pg_advisory_unlock_all();
RESET search_path;
