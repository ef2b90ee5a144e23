"""Defined jobs, in tables."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    false,
    func,
    select,
    true,
    tuple_,
)

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.job_documents import content_text, definition_of
from aegis_batch.adapters.outbound.state.job_tables import job_definitions, job_links
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.domain.job import JobDefinition

__all__ = ["SqlJobDefinitions"]

_EVENT, _DEPENDENCY = "event", "depends_on"


class SqlJobDefinitions:
    """Keeps defined jobs by their id, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def get(self, job_id: str) -> JobDefinition | None:
        """Return a job, removed ones too; ``None`` where there is none with this id."""
        statement = select(job_definitions).where(job_definitions.c.id == job_id)
        found = statements.read(self._connection, statement, _definition_of)
        return found[0] if found else None

    def save(self, definition: JobDefinition) -> None:
        """Keep a job, in the place of the one with its id."""
        row = {
            "id": definition.id,
            "tenant": definition.tenant,
            "name": definition.name,
            "group": definition.group,
            "active": definition.is_active,
            "removed": definition.is_removed,
            "created_at": definition.created_at,
            "payload": definition.payload,
            "content": content_text(definition),
        }
        statements.put(self._connection, job_definitions, row)
        self._connection.execute(delete(job_links).where(job_links.c.job_id == definition.id))
        named = [(_EVENT, each) for each in definition.events]
        named += [(_DEPENDENCY, each) for each in definition.depends_on]
        rows = [{"kind": k, "target": t, "job_id": definition.id} for k, t in dict.fromkeys(named)]
        statements.add_all_new(self._connection, job_links, rows)

    def search(self, wanted: JobFilter, limit: int) -> Sequence[JobDefinition]:
        """Return the jobs that a filter lets through, newest first, then by their id."""
        columns = job_definitions.c
        statement = (
            select(job_definitions)
            .where(*_conditions(wanted))
            .order_by(columns.created_at.desc(), columns.id.desc())
            .limit(limit)
        )
        return statements.read(self._connection, statement, _definition_of)

    def count_active(self) -> int:
        """Return how many jobs are active, whosever they are."""
        columns = job_definitions.c
        is_active = (columns.active == true(), columns.removed == false())
        return self._connection.scalar(select(func.count()).where(*is_active)) or 0


def _conditions(wanted: JobFilter) -> list[ColumnElement[bool]]:
    columns = job_definitions.c
    links = [(_EVENT, wanted.event), (_DEPENDENCY, wanted.depends_on)]
    named = [(kind, target) for kind, target in links if target is not None]
    known = {"name": wanted.name, "group": wanted.group}
    asked = {name: value for name, value in known.items() if value is not None}
    # What is asked for narrows the search by itself: ids that name something, then a name or a
    # group, then a tenant. Without statistics SQLite may take any other index in its place, and so
    # is not to see what it has one for.
    of_few = bool(named)
    of_some = of_few or bool(asked)
    of_tenants = of_some or bool(wanted.tenants)
    conditions = [_seen(columns.removed, hidden=of_few) == false()]
    conditions += [_seen(columns[name], hidden=of_few) == value for name, value in asked.items()]
    if wanted.tenants:
        conditions.append(_seen(columns.tenant, hidden=of_some).in_(wanted.tenants))
    if wanted.is_active is not None:
        conditions.append(_seen(columns.active, hidden=of_tenants) == wanted.is_active)
    for kind, target in named:
        naming = select(job_links.c.job_id).where(
            job_links.c.kind == kind, job_links.c.target == target
        )
        conditions.append(columns.id.in_(naming))
    if wanted.before is not None:
        conditions.append(tuple_(columns.created_at, columns.id) < wanted.before)
    return conditions


def _seen(column: ColumnElement[Any], *, hidden: bool) -> ColumnElement[Any]:
    return func.coalesce(column, column) if hidden else column


def _definition_of(row: Row[Any]) -> JobDefinition:
    columns = row._mapping  # noqa: SLF001 - public by SQLAlchemy's documentation; one name is SQL's
    return definition_of(
        row.content,
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        group=columns["group"],
        is_active=row.active,
        is_removed=row.removed,
        created_at=row.created_at,
        payload=row.payload,
    )
