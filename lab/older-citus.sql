-- Makes the extension citus of a worker anew in the version lab.older, with all that Citus knows of nodes, tables and shards:
-- its objects are then those of that version, as on a node whose update was forgotten. One transaction.
SET citus.enable_version_checks = off;
SET citus.enable_ddl_propagation = off;
DO $$
DECLARE
    kept name[] := ARRAY(
        SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'
           AND relname ~ '^pg_dist_(authinfo|colocation|local_group|node|node_metadata|object|partition|placement|poolinfo|schema|shard)$');
    one name;
    columns text;
    defaults bigint := (SELECT count(*) FROM pg_attrdef JOIN pg_class ON pg_class.oid = adrelid
                         WHERE relnamespace <> 'pg_catalog'::regnamespace);
BEGIN
    FOREACH one IN ARRAY kept LOOP
        EXECUTE format('CREATE TEMP TABLE %I ON COMMIT DROP AS TABLE pg_catalog.%I', 'kept_' || one, one);
    END LOOP;
    -- What goes with the extension: the tables that clients see on a worker.
    CREATE TEMP TABLE kept_dependents ON COMMIT DROP AS
        SELECT * FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype <> 'e'
           AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'citus');
    DELETE FROM pg_depend AS gone USING kept_dependents AS kept
     WHERE (gone.classid, gone.objid, gone.objsubid, gone.refclassid, gone.refobjid, gone.deptype)
         = (kept.classid, kept.objid, kept.objsubid, kept.refclassid, kept.refobjid, kept.deptype);

    DROP EXTENSION citus CASCADE; -- with the triggers on those tables
    EXECUTE format('CREATE EXTENSION citus VERSION %L', current_setting('lab.older'));

    UPDATE kept_dependents SET refobjid = (SELECT oid FROM pg_extension WHERE extname = 'citus');
    INSERT INTO pg_depend SELECT * FROM kept_dependents;
    FOREACH one IN ARRAY kept LOOP
        CONTINUE WHEN to_regclass('pg_catalog.' || one) IS NULL;
        SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute AS here
         WHERE attrelid = ('pg_catalog.' || one)::regclass AND attnum > 0 AND NOT attisdropped AND EXISTS (
               SELECT FROM pg_attribute
                WHERE attrelid = ('pg_temp.kept_' || one)::regclass AND attnum > 0 AND attname = here.attname);
        EXECUTE format('DELETE FROM pg_catalog.%I', one);
        EXECUTE format('INSERT INTO pg_catalog.%I (%s) SELECT %2$s FROM pg_temp.%I', one, columns, 'kept_' || one);
    END LOOP;
    PERFORM worker_create_truncate_trigger(logicalrelid) FROM pg_dist_partition;

    IF defaults <> (SELECT count(*) FROM pg_attrdef JOIN pg_class ON pg_class.oid = adrelid
                     WHERE relnamespace <> 'pg_catalog'::regnamespace) THEN
        RAISE EXCEPTION 'a default of a column would be lost';
    END IF;
END $$;
