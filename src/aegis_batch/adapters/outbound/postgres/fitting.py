"""How tables fit the settings, with a remedy for each fault that names what is there instead."""

import difflib
from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.catalogue import (
    Catalogue,
    TableDescription,
    source_of,
)
from aegis_batch.adapters.outbound.postgres.database import Snapshot
from aegis_batch.adapters.outbound.postgres.orders_schema import (
    OrdersSchema,
    PlacedAtKind,
    TableName,
)
from aegis_batch.adapters.outbound.postgres.placed_at import resolve_placed_at
from aegis_batch.adapters.outbound.postgres.schema_faults import SchemaFault, faults_in, fits
from aegis_batch.adapters.outbound.postgres.stamps import Proof, find_proof
from aegis_batch.application.ports.orders_inspector import Fault, Fit
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.identifiers import quoted, quoted_path

__all__ = ["fit_of", "grant_reading"]

_TABLES_MAX = 1_000
_GUESSES_MAX = 5
_SUGGEST = "aegis-batch doctor --suggest-view prints views that fit"
_MEANINGS = {
    PlacedAtKind.INSTANT: "an instant",
    PlacedAtKind.UTC: "time in UTC",
    PlacedAtKind.WALL: "the calendar's own time",
    PlacedAtKind.DATE: "a business date",
}


def fit_of(
    snapshot: Snapshot, catalogue: Catalogue, schema: OrdersSchema, zone: ZoneInfo, now: datetime
) -> Fit:
    """Return how a catalogue of both tables, orders first, fits the settings."""
    found = faults_in(catalogue, schema)
    if found:
        return Fit(tuple(_told(snapshot, catalogue, schema, found)))
    orders = catalogue.tables[0]
    assert orders is not None  # noqa: S101 - a missing table is a fault
    column = schema.orders_columns()["AEGIS_ORDERS_PLACED_AT"]
    type_name = orders.columns[column].name
    proof = None
    if type_name == "timestamp":
        proof = find_proof(snapshot, source_of(orders).c[column], zone, now)
    try:
        kind = resolve_placed_at(schema.placed_at_kind, type_name, column)
    except InvalidRequest as error:
        remedy = error.remedy
        if error.code == "placed_at_ambiguous" and proof is not None:
            remedy += f" {proof.order}: so it is AEGIS_ORDERS_PLACED_AT_KIND={proof.kind}."
        return Fit((Fault(error.code, error.message, remedy),))
    if proof is not None and proof.kind is not kind:
        return Fit((_contradicted(kind, proof),))
    return Fit((), f"{schema.orders_name()}.{column} is {type_name}, read as {_MEANINGS[kind]}.")


def _contradicted(kind: PlacedAtKind, proof: Proof) -> Fault:
    return Fault(
        "placed_at_contradicted",
        f"{proof.order}, so the times can't be what AEGIS_ORDERS_PLACED_AT_KIND={kind} says.",
        f"Set AEGIS_ORDERS_PLACED_AT_KIND={proof.kind}. If orders are stamped ahead of their time,"
        " name another column in AEGIS_ORDERS_PLACED_AT.",
    )


def grant_reading(names: Sequence[TableName], role: str) -> str:
    """Return the SQL that lets a role read some tables."""
    schemas = dict.fromkeys(quoted_path(name.schema or "public") for name in names)
    tables = dict.fromkeys(quoted_path(name.schema, name.name) for name in names)
    return (
        f"GRANT USAGE ON SCHEMA {', '.join(schemas)} TO {quoted(role)};\n"
        f"GRANT SELECT ON TABLE {', '.join(tables)} TO {quoted(role)};"
    )


def _told(
    snapshot: Snapshot, catalogue: Catalogue, schema: OrdersSchema, found: Sequence[SchemaFault]
) -> Iterator[Fault]:
    names = {
        "AEGIS_ORDERS_TABLE": schema.orders_name(),
        "AEGIS_ITEMS_TABLE": schema.items_name(),
    }
    missing = {fault.setting for fault in found if fault.code == "missing_table"}
    closed = {s: name for s in missing if (name := _closed_table(snapshot, names[s])) is not None}
    hidden = [fault.text for fault in found if fault.code == "permission_denied"] + [
        f"{name} ({setting}) is in a schema that the role may not use"
        for setting, name in sorted(closed.items(), reverse=True)
    ]
    if hidden:
        role = str(snapshot.rows(sa.select(sa.func.current_user()))[0][0])
        yield Fault(
            "permission_denied",
            "; ".join(hidden) + ".",
            "As the owner of the tables:\n" + grant_reading(tuple((names | closed).values()), role),
        )
    for fault in found:
        if fault.code != "permission_denied" and fault.setting not in closed:
            remedy = _remedy(snapshot, catalogue, schema, fault)
            yield Fault(fault.code, fault.text + ".", remedy)


def _closed_table(snapshot: Snapshot, wanted: TableName) -> TableName | None:
    """Return what a name without a schema would mean if the role might use the search path."""
    rows = snapshot.rows(
        sa.text(
            "SELECT n.nspname FROM pg_catalog.pg_class c"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " JOIN unnest(string_to_array(translate(current_setting('search_path'), '\" ', ''),"
            " ',')) WITH ORDINALITY AS path (name, place)"
            " ON n.nspname = CASE path.name WHEN '$user' THEN current_user ELSE path.name END"
            " WHERE c.relname = :name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
            " AND NOT has_schema_privilege(n.oid, 'USAGE') ORDER BY path.place LIMIT 1"
        ).bindparams(name=wanted.name)
    )
    return TableName(rows[0].nspname, wanted.name) if rows and wanted.schema is None else None


def _remedy(
    snapshot: Snapshot, catalogue: Catalogue, schema: OrdersSchema, fault: SchemaFault
) -> str:
    orders, items = catalogue.tables
    if fault.code == "missing_table":
        is_orders = fault.setting == "AEGIS_ORDERS_TABLE"
        wanted = schema.orders_name() if is_orders else schema.items_name()
        near = _near_tables(snapshot, wanted)
        return f"Set {fault.setting} to the right one{near}. Where the schema differs: {_SUGGEST}."
    if fault.code == "missing_column":
        table = orders if fault.setting in schema.orders_columns() else items
        wanted_column = {**schema.orders_columns(), **schema.items_columns()}[fault.setting]
        near = "" if table is None else _near_columns(table, fault.setting, wanted_column)
        empty = ", or to nothing: then it is the sum of the lines" * (
            fault.setting == "AEGIS_ORDERS_TOTAL"
        )
        return f"Set {fault.setting} to the right one{near}{empty}. Where none fits: {_SUGGEST}."
    return f"Make a view that casts what doesn't fit, and name it in the settings: {_SUGGEST}."


def _near_columns(table: TableDescription, setting: str, wanted: str) -> str:
    fitting = [
        name
        for name, column in table.columns.items()
        if column.is_readable and fits(setting, column)
    ]
    return _listed(_by_nearness(fitting, wanted))


def _near_tables(snapshot: Snapshot, wanted: TableName) -> str:
    rows = snapshot.rows(
        sa.text(
            "SELECT n.nspname, c.relname, pg_table_is_visible(c.oid) AS is_visible"
            " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_'"
            " AND n.nspname <> 'information_schema' ORDER BY 3 DESC, 1, 2 LIMIT :most"
        ).bindparams(most=_TABLES_MAX)
    )
    names = {
        row.relname if row.is_visible else f"{row.nspname}.{row.relname}": None for row in rows
    }
    near = [name for name in _by_nearness(list(names), wanted.name) if _is_near(name, wanted.name)]
    return _listed(near) if near else "; no table or view of a like name is there"


def _by_nearness(names: Sequence[str], wanted: str) -> list[str]:
    return sorted(names, key=lambda name: -_likeness(name, wanted))


def _is_near(name: str, wanted: str) -> bool:
    return _likeness(name, wanted) > 0.5  # noqa: PLR2004 - more alike than not


def _likeness(name: str, wanted: str) -> float:
    own = name.rpartition(".")[2].lower()
    return difflib.SequenceMatcher(None, own, wanted.lower()).ratio()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_GUESSES_MAX])
    return f" ({shown}{', ...' if len(names) > _GUESSES_MAX else ''})" if names else ""
