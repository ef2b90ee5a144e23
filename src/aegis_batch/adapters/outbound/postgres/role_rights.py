"""What a role may do beyond reading, out of the catalogue."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.database import Snapshot
from aegis_batch.adapters.outbound.postgres.orders_schema import TableName
from aegis_batch.application.ports.orders_inspector import Elsewhere, Grant, RoleRights
from aegis_batch.domain.identifiers import quoted_path

__all__ = ["find_rights"]

# A row for each fact: `what` it is, of which thing (`kind`, `name`), by which privilege, who has
# it (`grantee`, null for PUBLIC) and by which direct membership it comes (`via`, null for none).
# Privileges are taken from the lists themselves, so that each is known with its grantee. What a
# close doesn't read is told as a `number` for each schema, with one `name` of them.
_FACTS = """
WITH RECURSIVE me AS (
    SELECT * FROM pg_catalog.pg_roles WHERE rolname = current_user
), reached AS (
    SELECT me.oid AS role, CAST(NULL AS name) AS via FROM me
    UNION ALL
    SELECT r.oid, d.rolname
      FROM me
      JOIN pg_catalog.pg_auth_members m ON m.member = me.oid
      JOIN pg_catalog.pg_roles d ON d.oid = m.roleid
      JOIN pg_catalog.pg_roles r ON pg_has_role(m.roleid, r.oid, 'MEMBER')
    UNION ALL
    SELECT 0, NULL
), wanted AS (
    SELECT * FROM unnest(CAST(:schemas AS text[]), CAST(:names AS text[])) AS w (schema, name)
), relations AS (
    SELECT c.oid, n.oid AS schema_oid, n.nspname, c.relname, c.relowner, c.relacl,
           CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
           format('%I.%I', n.nspname, c.relname) AS name
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), tables AS (
    SELECT r.*
      FROM wanted w
      JOIN relations r ON r.relname = w.name AND r.kind = 'TABLE'
     WHERE r.nspname = w.schema OR (w.schema IS NULL AND pg_table_is_visible(r.oid))
), behind AS (
    -- The tables, and those that they read where they are views.
    SELECT oid FROM tables
    UNION
    SELECT d.refobjid
      FROM behind b
      JOIN pg_catalog.pg_rewrite r ON r.ev_class = b.oid AND r.ev_type = '1'
      JOIN pg_catalog.pg_depend d
        ON d.classid = CAST('pg_catalog.pg_rewrite' AS regclass) AND d.objid = r.oid
       AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass)
), hidden AS (
    -- Tables of which no policy lets the role see every row, were row security to hold for it.
    SELECT t.name
      FROM tables t
      JOIN pg_catalog.pg_class c ON c.oid = t.oid AND c.relrowsecurity
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_policy p
                        WHERE p.polrelid = t.oid AND p.polpermissive AND p.polcmd IN ('r', '*')
                          AND pg_get_expr(p.polqual, p.polrelid) = 'true'
                          AND EXISTS (SELECT FROM unnest(p.polroles) AS r (oid)
                                       WHERE r.oid = 0
                                          OR pg_has_role(current_user, r.oid, 'MEMBER')))
        OR EXISTS (SELECT FROM pg_catalog.pg_policy p
                    WHERE p.polrelid = t.oid AND NOT p.polpermissive)
), things AS (
    SELECT kind, name, relowner AS owner, coalesce(relacl, acldefault('r', relowner)) AS acl,
           CAST(NULL AS name) AS of_column, oid IN (SELECT oid FROM tables) AS is_wanted,
           oid IN (SELECT oid FROM behind) AS is_read, oid, schema_oid
      FROM relations
    UNION ALL
    SELECT r.kind, r.name, r.relowner, a.attacl, a.attname, false,
           r.oid IN (SELECT oid FROM behind), r.oid, r.schema_oid
      FROM relations r
      JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attacl IS NOT NULL
    UNION ALL
    SELECT 'SCHEMA', format('%I', nspname), nspowner,
           coalesce(nspacl, acldefault('n', nspowner)), NULL,
           oid IN (SELECT schema_oid FROM tables), true, oid, NULL
      FROM pg_catalog.pg_namespace
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION ALL
    SELECT 'DATABASE', format('%I', datname), datdba,
           coalesce(datacl, acldefault('d', datdba)), NULL, true, true, oid, NULL
      FROM pg_catalog.pg_database
     WHERE datname = current_database()
), grants AS (
    SELECT DISTINCT t.kind, t.name, t.oid, t.schema_oid, t.of_column, t.is_read, r.via,
           CASE WHEN a.grantee = 0 THEN NULL ELSE format('%I', pg_get_userbyid(a.grantee)) END
               AS grantee, a.privilege_type AS privilege
      FROM things t
     CROSS JOIN aclexplode(t.acl) a
      JOIN reached r ON r.role = a.grantee
     WHERE a.grantee <> t.owner
       AND CASE t.kind WHEN 'TABLE' THEN a.privilege_type <> 'SELECT'
                                         AND (t.is_read OR a.privilege_type <> 'MAINTAIN')
                       WHEN 'SEQUENCE' THEN a.privilege_type <> 'SELECT'
                       WHEN 'SCHEMA' THEN a.privilege_type = 'CREATE'
                       ELSE a.privilege_type IN ('CREATE', 'TEMPORARY') END
       AND (t.schema_oid IS NULL OR has_schema_privilege(t.schema_oid, 'USAGE'))
)
SELECT 'thing' AS what, kind, name, NULL AS privilege, NULL AS grantee, NULL AS via,
       NULL AS in_schema, 1 AS number
  FROM things
 WHERE is_wanted
UNION ALL
SELECT 'hidden', 'TABLE', name, NULL, NULL, NULL, NULL, 1 FROM hidden
UNION ALL
SELECT DISTINCT 'owned', t.kind, t.name, NULL, NULL, r.via, NULL, 1
  FROM things t
  JOIN reached r ON r.role = t.owner
 WHERE t.of_column IS NULL AND t.is_read
UNION ALL
SELECT 'owned elsewhere', t.kind, min(t.name), NULL, NULL, r.via, NULL, count(DISTINCT t.oid)
  FROM things t
  JOIN reached r ON r.role = t.owner
 WHERE NOT t.is_read
 GROUP BY t.kind, r.via
UNION ALL
SELECT 'grant', kind, name,
       privilege || CASE WHEN of_column IS NULL THEN '' ELSE format(' (%I)', of_column) END,
       grantee, via, NULL, 1
  FROM grants
 WHERE is_read
UNION ALL
SELECT 'elsewhere', g.kind, min(g.name), NULL, g.grantee, g.via, format('%I', n.nspname),
       count(DISTINCT g.oid)
  FROM grants g
  JOIN pg_catalog.pg_namespace n ON n.oid = g.schema_oid
 WHERE NOT g.is_read
 GROUP BY g.kind, g.grantee, g.via, n.nspname
UNION ALL
SELECT 'attribute', 'ROLE', current_user, a.attribute, NULL, r.via, NULL, 1
  FROM reached r
  JOIN pg_catalog.pg_roles p ON p.oid = r.role
 CROSS JOIN LATERAL (VALUES
       ('SUPERUSER', p.rolsuper), ('BYPASSRLS', p.rolbypassrls), ('CREATEROLE', p.rolcreaterole),
       ('CREATEDB', p.rolcreatedb), ('REPLICATION', p.rolreplication),
       ('predefined', p.rolname IN ('pg_write_all_data', 'pg_maintain', 'pg_write_server_files',
                                    'pg_execute_server_program'))
     ) AS a (attribute, has)
 WHERE a.has
 ORDER BY 1, 2, 3, 4, 5, 6, 7
"""
_ATTRIBUTES = ("SUPERUSER", "BYPASSRLS", "CREATEROLE", "CREATEDB", "REPLICATION")


def find_rights(snapshot: Snapshot, names: Sequence[TableName]) -> RoleRights:
    """Return what the role of a connection may do beyond reading some tables."""
    rows = snapshot.rows(
        sa.text(_FACTS).bindparams(
            schemas=[name.schema for name in names], names=[name.name for name in names]
        )
    )
    here = snapshot.rows(
        sa.text("SELECT current_user AS role, format('%I', current_database()) AS database")
    )[0]
    things = [(row.kind, row.name) for row in rows if row.what == "thing"]
    own = [row for row in rows if row.via is None]
    attributes = {row.privilege for row in own if row.what == "attribute"}
    return RoleRights(
        role=here.role,
        database=here.database,
        schemas=_named("SCHEMA", things) or _schemas(names),
        tables=_named("TABLE", things) or tuple(quoted_path(n.schema, n.name) for n in names),
        attributes=tuple(name for name in _ATTRIBUTES if name in attributes),
        owned=_owned(own),
        grants=_grants(own),
        elsewhere=tuple(
            Elsewhere(row.kind, row.number, row.name, row.in_schema, row.grantee)
            for row in own
            if row.what == "elsewhere"
        ),
        memberships=_memberships(rows),
        row_secured=tuple(row.name for row in rows if row.what == "hidden"),
    )


def _named(kind: str, things: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for of_kind, name in things if of_kind == kind))


def _schemas(names: Sequence[TableName]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(quoted_path(name.schema or "public") for name in names))


def _owned(rows: Sequence[sa.Row[Any]]) -> tuple[str, ...]:
    named = [f"{row.kind.lower()} {row.name}" for row in rows if row.what == "owned"]
    counted = [
        f"{row.number:,} {row.kind.lower()}{'' if row.number == 1 else 's'} that no close reads"
        for row in rows
        if row.what == "owned elsewhere"
    ]
    return (*named, *counted)


def _grants(rows: Sequence[sa.Row[Any]]) -> tuple[Grant, ...]:
    privileges: defaultdict[tuple[str, str | None], list[str]] = defaultdict(list)
    for row in rows:
        if row.what == "grant":
            privileges[f"{row.kind} {row.name}", row.grantee].append(row.privilege)
    return tuple(
        Grant(tuple(names), target, grantee) for (target, grantee), names in privileges.items()
    )


def _memberships(rows: Sequence[sa.Row[Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(quoted_path(row.via) for row in rows if row.via is not None))
