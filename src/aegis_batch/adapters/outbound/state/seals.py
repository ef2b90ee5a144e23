"""The chains of seals, in a table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, String, cast, select
from sqlalchemy.exc import IntegrityError

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.keys import key_columns
from aegis_batch.adapters.outbound.state.tables import seals
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.seal_link import KeptLink, SealLink

__all__ = ["AS_KEPT", "SqlSeals", "add_links", "kept_of"]

# A day that is none comes as it is, so that whoever judges the chain can name it.
AS_KEPT = select(
    *(column for column in seals.c if column.name != "first_day"),
    cast(seals.c.first_day, String).label("first_day"),
)


class SqlSeals:
    """Keeps seals, for each tenant as a chain, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, link: SealLink) -> None:
        """Keep the next link of its tenant; ``ValueError`` where its number is taken."""
        if not add_links(self._connection, [link]):
            raise ValueError(f"taken: {link.number} of {link.key.tenant}")

    def last(self, tenant: str) -> KeptLink | None:
        """Return a tenant's newest link; ``None`` before the first."""
        statement = AS_KEPT.where(seals.c.tenant == tenant)
        found = self._read(statement.order_by(seals.c.number.desc()).limit(1))
        return found[0] if found else None

    def of(self, key: CloseKey, limit: int, below: int | None = None) -> Sequence[KeptLink]:
        """Return the links of closes with this key, the newest first, at most ``limit``."""
        conditions = [seals.c[name] == value for name, value in key_columns(key).items()]
        if below is not None:
            conditions.append(seals.c.number < below)
        statement = AS_KEPT.where(*conditions).order_by(seals.c.number.desc())
        return self._read(statement.limit(limit))

    def after(self, tenant: str, number: int, limit: int) -> Sequence[KeptLink]:
        """Return a tenant's links behind a number, in their order, at most ``limit``."""
        statement = AS_KEPT.where(seals.c.tenant == tenant, seals.c.number > number)
        return self._read(statement.order_by(seals.c.number).limit(limit))

    def tenants_after(self, tenant: str, limit: int) -> Sequence[str]:
        """Return the tenants that have a chain, behind a name, in code-point order."""
        name = seals.c.tenant
        statement = select(name).where(name > tenant).distinct().order_by(name)
        return self._connection.scalars(statement.limit(limit)).all()

    def _read(self, statement: Select[Any]) -> Sequence[KeptLink]:
        return statements.read(self._connection, statement, kept_of)


def add_links(connection: Connection, links: Sequence[SealLink]) -> bool:
    """Insert links, and say whether the numbers of all of them were free.

    Where they weren't, the transaction is to be undone.
    """
    try:
        return statements.add_all_new(connection, seals, [_row_of(link) for link in links])
    except IntegrityError as error:
        # SQLite asks the trigger that refuses to replace before it passes over a taken number.
        if getattr(error.orig, "sqlite_errorname", "") != "SQLITE_CONSTRAINT_TRIGGER":
            raise
        return False


def _row_of(link: SealLink) -> dict[str, object]:
    kept = link.kept()
    return {
        **key_columns(link.key),
        "number": kept.number,
        "run_id": link.run_id,
        "content": kept.content,
        "digest": kept.digest,
    }


def kept_of(row: Row[Any]) -> KeptLink:
    """Return the link in a row, as it is kept."""
    return KeptLink(
        tenant=row.tenant,
        number=row.number,
        content=_as_text(row.content),
        digest=_as_text(row.digest),
        period_kind=_as_text(row.period_kind),
        first_day=_as_text(row.first_day),
        run_id=_as_text(row.run_id),
    )


def _as_text(value: object) -> str:
    # SQLite keeps whatever it is given, bytes and numbers too.
    return value if isinstance(value, str) else repr(value)
