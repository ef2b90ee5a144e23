"""The chains of seals, in a table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, String, cast, collate, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.keys import CODE_POINTS, key_columns
from aegis_batch.adapters.outbound.state.tables import seals
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.seal_link import KeptLink, SealLink

__all__ = ["SqlSeals"]

# A day that is none comes as it is, so that whoever judges the chain can name it.
_AS_KEPT = select(
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
        kept = link.kept()
        row = {
            **key_columns(link.key),
            "number": kept.number,
            "run_id": link.run_id,
            "content": kept.content,
            "digest": kept.digest,
        }
        if not statements.add_new(self._connection, seals, row):
            raise ValueError(f"taken: {kept.number} of {kept.tenant}")

    def last(self, tenant: str) -> KeptLink | None:
        """Return a tenant's newest link; ``None`` before the first."""
        statement = _AS_KEPT.where(seals.c.tenant == tenant)
        found = self._read(statement.order_by(seals.c.number.desc()).limit(1))
        return found[0] if found else None

    def newest_of(self, key: CloseKey) -> SealLink | None:
        """Return the newest link of a close with this key, if there is one."""
        conditions = [seals.c[name] == value for name, value in key_columns(key).items()]
        statement = select(seals).where(*conditions).order_by(seals.c.number.desc()).limit(1)
        found = statements.read(self._connection, statement, lambda row: SealLink.of(row.content))
        return found[0] if found else None

    def after(self, tenant: str, number: int, limit: int) -> Sequence[KeptLink]:
        """Return a tenant's links behind a number, in their order, at most ``limit``."""
        statement = _AS_KEPT.where(seals.c.tenant == tenant, seals.c.number > number)
        return self._read(statement.order_by(seals.c.number).limit(limit))

    def tenants_after(self, tenant: str, limit: int) -> Sequence[str]:
        """Return the tenants that have a chain, behind a name, in code-point order."""
        name = collate(seals.c.tenant, CODE_POINTS[self._connection.dialect.name])
        statement = select(seals.c.tenant).where(name > tenant).distinct()
        return self._connection.scalars(statement.order_by(name).limit(limit)).all()

    def _read(self, statement: Select[Any]) -> Sequence[KeptLink]:
        return statements.read(self._connection, statement, _kept_of)


def _kept_of(row: Row[Any]) -> KeptLink:
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
