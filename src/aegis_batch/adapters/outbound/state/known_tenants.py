"""When tenants were seen first, in a table."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import known_tenants

__all__ = ["SqlKnownTenants"]


class SqlKnownTenants:
    """Keeps first days by tenant, within a transaction; two statements for all that are asked."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def first_days(self, newest_days: Mapping[str, date], seen_at: datetime) -> Mapping[str, date]:
        """Return the first day of each tenant, as it was kept; see the port."""
        asked = statements.is_any_of(self._connection, known_tenants.c.tenant, newest_days)
        statement = select(known_tenants.c.tenant, known_tenants.c.first_day).where(asked)
        rows = statements.read(self._connection, statement, lambda row: (row.tenant, row.first_day))
        kept = dict(rows)
        new = {tenant: day for tenant, day in newest_days.items() if tenant not in kept}
        if new:
            # Turns that write come one after the other: nobody else has kept them meanwhile.
            statements.put(
                self._connection,
                known_tenants,
                [
                    {"tenant": tenant, "first_day": day, "seen_at": seen_at}
                    for tenant, day in new.items()
                ],
            )
        return {**kept, **new}
