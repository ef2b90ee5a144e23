"""The chains of many tenants at once, in a table."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    String,
    and_,
    column,
    func,
    literal,
    select,
    true,
    values,
)
from sqlalchemy.dialects import postgresql

from aegis_batch.adapters.outbound.state import in_bulk, statements
from aegis_batch.adapters.outbound.state.seals import AS_KEPT, add_links, kept_of
from aegis_batch.adapters.outbound.state.tables import seals
from aegis_batch.domain.seal_link import KeptLink, SealLink

__all__ = ["SqlManySeals"]


class SqlManySeals:
    """Keeps many seals with one statement, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, links: Sequence[SealLink]) -> None:
        """Keep the next links of their tenants; ``ValueError`` where a number is taken."""
        if not add_links(self._connection, links):
            raise ValueError("taken: a number of a tenant")

    def last(self, tenants: Collection[str]) -> Mapping[str, KeptLink]:
        """Return the newest link of each of the tenants that has one."""
        if not tenants:
            return {}
        if in_bulk.works_on(self._connection):
            statement = _newest_by_lateral(tenants)
        else:
            statement = _newest_by_number(tenants)
        found = statements.read(self._connection, statement, kept_of)
        return {link.tenant: link for link in found}


# Each makes one look into the index for each tenant, whatever the length of its chain. SQLite has
# no LATERAL, and PostgreSQL would look through all chains for the other one.
def _newest_by_lateral(tenants: Collection[str]) -> Select[Any]:
    named = literal(list(tenants), postgresql.ARRAY(String))
    given = func.unnest(named).table_valued(column("tenant", String), name="asked")
    asked = given.render_derived()
    theirs = (
        AS_KEPT.where(seals.c.tenant == asked.c.tenant)
        .order_by(seals.c.number.desc())
        .limit(1)
        .lateral("theirs")
    )
    return select(*theirs.c).select_from(asked.join(theirs, true()))


def _newest_by_number(tenants: Collection[str]) -> Select[Any]:
    named = [(tenant,) for tenant in sorted(tenants)]
    asked = values(column("tenant", String), name="asked").data(named).cte("asked")
    theirs = seals.alias("theirs")
    newest = (
        select(func.max(theirs.c.number))
        .where(theirs.c.tenant == asked.c.tenant)
        .correlate(asked)
        .scalar_subquery()
    )
    return AS_KEPT.join_from(
        seals, asked, and_(seals.c.tenant == asked.c.tenant, seals.c.number == newest)
    )
