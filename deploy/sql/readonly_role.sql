-- Makes the role that Aegis Batch reads orders with: it may SELECT from their tables, and write to
-- none. What else it may read, because everybody may, is warned of. PostgreSQL 14 and newer, Neon
-- included. Run it again whenever you like.
--
--   psql "$OWNER_URL" -f deploy/sql/readonly_role.sql
--
-- as a role that owns the database and may create roles, over a direct connection (no pooler).
-- Each of these may be given, as in: psql -v schema=sales -v orders=sales_orders -f ...
--
--   reader          the role                                         aegis_reader
--   schema          where the tables are                             public
--   orders          the table or view of orders                      orders
--   order_items     the table or view of their lines                 order_items
--   daily_reports   with AEGIS_REPORT_STATUS=table: daily_reports    not given: no such table
--   password        ask: psql asks for it and sends only its hash    ask
--                   environment: it is taken from AEGIS_READER_PASSWORD and sent as it is, which
--                   Neon needs (it refuses hashes): only over TLS, and not where log_statement
--                   writes it into a log
--                   keep: the role keeps the one it has, or has none
--
-- Two things are changed for others, because by default PUBLIC, and with it every role, may write:
-- temporary tables (any version) and tables in schema public (PostgreSQL 14, and databases that
-- come from it). Both are taken from PUBLIC and given to each role that could log in and use them.
-- Roles that are made later need their own GRANT.
--
-- No GRANT or REVOKE of a database's owner can stop any role from: changing its own password or
-- its own defaults, taking advisory locks, sending NOTIFY, making large objects (lo_create), and
-- calling functions that somebody made SECURITY DEFINER and left to PUBLIC. The role starts its
-- transactions read only, which stops most of that for a program that doesn't ask for more.

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off

\if :{?reader} \else \set reader aegis_reader \endif
\if :{?schema} \else \set schema public \endif
\if :{?orders} \else \set orders orders \endif
\if :{?order_items} \else \set order_items order_items \endif
\if :{?password} \else \set password ask \endif
\if :{?daily_reports} \set own_reports :daily_reports \else \set own_reports '' \endif

SELECT :'password' = 'ask' AS password_is_asked,
       :'password' = 'environment' AS password_is_given,
       :'password' NOT IN ('ask', 'environment', 'keep') AS password_is_unclear
\gset
\if :password_is_unclear
    \warn 'readonly_role.sql: password must be ask, environment or keep.'
    DO $$ BEGIN RAISE EXCEPTION 'Nothing was changed.'; END $$;
\endif
\if :password_is_given
    \set secret `printf %s "$AEGIS_READER_PASSWORD"`
    \set has_secret `test -n "$AEGIS_READER_PASSWORD" && echo true || echo false`
    \if :has_secret
    \else
        \warn 'readonly_role.sql: AEGIS_READER_PASSWORD is empty or not set.'
        DO $$ BEGIN RAISE EXCEPTION 'Nothing was changed.'; END $$;
    \endif
\endif

BEGIN;

SELECT set_config('aegis.reader', :'reader', true) AS reader,
       set_config('aegis.schema', :'schema', true) AS schema,
       set_config('aegis.orders', :'orders', true) AS orders,
       set_config('aegis.order_items', :'order_items', true) AS order_items,
       set_config('aegis.daily_reports', :'own_reports', true) AS own_reports
\gset

-- A role that was there before, and may do more than this script can take from it, is refused.
DO $$
DECLARE
    reader name := current_setting('aegis.reader');
    more text;
BEGIN
    SELECT concat_ws(', ',
               CASE WHEN rolsuper THEN 'is a superuser' END,
               CASE WHEN rolcreaterole THEN 'may create roles' END,
               CASE WHEN rolcreatedb THEN 'may create databases' END,
               CASE WHEN rolreplication THEN 'may replicate' END,
               CASE WHEN rolbypassrls THEN 'passes by row security' END,
               (SELECT 'is a member of ' || string_agg(quote_ident(g.rolname), ' and ')
                  FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                 WHERE m.member = r.oid),
               (SELECT 'owns ' || count(*) || ' objects'
                  FROM pg_shdepend d
                 WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
                   AND d.deptype = 'o'
                HAVING count(*) > 0))
      INTO more
      FROM pg_roles r
     WHERE rolname = reader;
    IF more <> '' THEN
        RAISE EXCEPTION 'The role % is there already and %.', quote_ident(reader), more
            USING HINT = 'Choose another name: -v reader=...';
    END IF;
END
$$;

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', :'reader')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'reader')
\gexec

ALTER ROLE :"reader" LOGIN;
ALTER ROLE :"reader" SET default_transaction_read_only = on;

-- Whoever could write by way of PUBLIC keeps that, in their own name; then PUBLIC loses it.
SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), r.rolname)
  FROM pg_roles r
  JOIN pg_database d ON d.datname = current_database()
 WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> :'reader' AND r.oid <> d.datdba
   AND EXISTS (SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
                WHERE a.grantee = 0 AND a.privilege_type = 'TEMPORARY')
\gexec
SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database())
\gexec
SELECT format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, r.rolname)
  FROM pg_roles r
 CROSS JOIN pg_namespace n
 WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> :'reader' AND r.oid <> n.nspowner
   AND n.nspname IN ('public', :'schema')
   AND EXISTS (SELECT FROM aclexplode(n.nspacl) a
                WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
\gexec
SELECT format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', n.nspname)
  FROM pg_namespace n
 WHERE n.nspname IN ('public', :'schema')
   AND EXISTS (SELECT FROM aclexplode(n.nspacl) a
                WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
\gexec

-- What the role was granted on this database, its schemas, tables, columns, sequences and routines
-- before, it loses; what it needs, it gets.
SELECT format('REVOKE ALL ON %s FROM %I', held.what, :'reader')
  FROM (SELECT format('DATABASE %I', datname), datacl FROM pg_database
         WHERE datname = current_database()
         UNION ALL
        SELECT format('SCHEMA %I', nspname), nspacl FROM pg_namespace
         UNION ALL
        SELECT format(CASE relkind WHEN 'S' THEN 'SEQUENCE %I.%I' ELSE 'TABLE %I.%I' END,
                      nspname, relname), relacl
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         UNION ALL
        -- From the table, since what is taken there is taken from each of its columns.
        SELECT format('TABLE %I.%I', nspname, relname), attacl
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         UNION ALL
        SELECT format('ROUTINE %s', oid::regprocedure), proacl FROM pg_proc) AS held (what, acl)
 WHERE EXISTS (SELECT FROM aclexplode(held.acl) a JOIN pg_roles r ON r.oid = a.grantee
                WHERE r.rolname = :'reader')
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), :'reader')
\gexec
GRANT USAGE ON SCHEMA :"schema" TO :"reader";
GRANT SELECT ON TABLE :"schema".:"orders", :"schema".:"order_items" TO :"reader";
\if :{?daily_reports}
    GRANT SELECT ON TABLE :"schema".:"daily_reports" TO :"reader";
\endif

-- What remains is looked at, not hoped for.
DO $$
DECLARE
    reader name := current_setting('aegis.reader');
    orders text[] := ARRAY[current_setting('aegis.orders'), current_setting('aegis.order_items'),
                           current_setting('aegis.daily_reports')];
    writable text;
    creatable text;
    readable text;
    hidden text;
BEGIN
    SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text)
      INTO writable
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND has_schema_privilege(reader, n.oid, 'USAGE')
       AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(reader, c.oid, 'USAGE, UPDATE')
                WHEN c.relkind IN ('r', 'p', 'v', 'm', 'f')
                THEN has_table_privilege(reader, c.oid,
                                         'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                     OR has_any_column_privilege(reader, c.oid, 'INSERT, UPDATE, REFERENCES') END;
    IF writable <> '' THEN
        RAISE EXCEPTION 'The role % could still write to: %.', quote_ident(reader), writable
            USING HINT = 'PUBLIC or another GRANT lets it; REVOKE that, and run this again.';
    END IF;
    SELECT string_agg(quote_ident(nspname), ', ' ORDER BY nspname)
      INTO creatable
      FROM pg_namespace
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
       AND has_schema_privilege(reader, oid, 'CREATE');
    IF creatable <> '' THEN
        RAISE EXCEPTION 'The role % could still create in: %.', quote_ident(reader), creatable
            USING HINT = 'PUBLIC or another GRANT lets it; REVOKE that, and run this again.';
    END IF;
    IF has_database_privilege(reader, current_database(), 'TEMPORARY, CREATE') THEN
        RAISE EXCEPTION 'The role % could still create schemas or temporary tables.',
            quote_ident(reader)
            USING HINT = 'Run this as the owner of the database.';
    END IF;
    SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text)
      INTO readable
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT (n.nspname = current_setting('aegis.schema') AND c.relname = ANY (orders))
       AND has_schema_privilege(reader, n.oid, 'USAGE')
       AND has_any_column_privilege(reader, c.oid, 'SELECT');
    IF readable <> '' THEN
        RAISE WARNING 'The role % may read more, as every role may: %.',
            quote_ident(reader), readable
            USING HINT = 'REVOKE SELECT on that FROM PUBLIC, unless it is for everybody.';
    END IF;
    SELECT string_agg(c.oid::regclass::text, ' and ' ORDER BY c.oid::regclass::text)
      INTO hidden
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = current_setting('aegis.schema') AND c.relrowsecurity
       AND c.relname IN (current_setting('aegis.orders'), current_setting('aegis.order_items'));
    IF hidden <> '' THEN
        RAISE WARNING 'Row security hides rows of % from the role: a report would lack them.',
            hidden
            USING HINT = 'Make a policy that lets it see every row.';
    END IF;
END
$$;

\if :password_is_given
    ALTER ROLE :"reader" PASSWORD :'secret';
    \unset secret
\endif

COMMIT;

\if :password_is_asked
    \echo 'The password of the role' :reader
    \password :"reader"
\endif
\echo 'The role' :reader 'may read' :schema'.':orders 'and' :schema'.':order_items', and write to no table.'
