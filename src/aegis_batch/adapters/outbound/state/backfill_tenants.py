"""The tenants in plans for all of them, in a table, and what was given back of them in another."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import backfill_given_back, backfill_tenants
from aegis_batch.application.ports.backfill_tenants import GivenBack
from aegis_batch.domain.backfill import PeriodStanding, PlannedTenant
from aegis_batch.domain.run import JobKind

__all__ = ["SqlBackfillTenants"]

_LETTERS: dict[PeriodStanding | None, str] = {
    PeriodStanding.OPEN: "o",
    PeriodStanding.UNASKED: "u",
    PeriodStanding.CLOSED: "c",
    PeriodStanding.DOUBTED: "d",
    PeriodStanding.IN_FLIGHT: "f",
    PeriodStanding.DEAD: "x",
    None: "-",
}
_STANDINGS = {letter: standing for standing, letter in _LETTERS.items()}
_STRETCH = re.compile(r"([a-z-])([0-9]+)")


class SqlBackfillTenants:
    """Keeps the tenants of plans, and what was given back of each, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, backfill_id: str, tenants: Sequence[PlannedTenant]) -> None:
        """Keep new tenants of a plan; ``ValueError`` where a number of any is taken."""
        rows = [_row_of(backfill_id, tenant) for tenant in tenants]
        if not statements.add_all_new(self._connection, backfill_tenants, rows):
            raise ValueError(f"taken: a number of {backfill_id}")

    def page(
        self, backfill_id: str, start: int, limit: int, *, to_do_alone: bool = False
    ) -> Sequence[PlannedTenant]:
        """Return tenants of a plan by their numbers; see the port."""
        number = backfill_tenants.c.number
        statement = (
            select(backfill_tenants)
            .where(backfill_tenants.c.backfill_id == backfill_id, number >= start)
            .order_by(number)
            .limit(limit)
        )
        if to_do_alone:
            statement = statement.where(backfill_tenants.c.to_do > 0)
        return statements.read(self._connection, statement, _tenant_of)

    def give_back(self, backfill_id: str, given: Sequence[GivenBack]) -> None:
        """Keep what is to be done once more."""
        rows = [
            {
                "backfill_id": backfill_id,
                "first_day": each.first_day,
                "tenant": each.tenant,
                "job": each.job.value,
                "zone_name": each.zone_name,
            }
            for each in given
        ]
        if rows:
            statements.put(self._connection, backfill_given_back, rows)

    def given_back(
        self, backfill_id: str, limit: int, *, newest_first: bool = False
    ) -> Sequence[GivenBack]:
        """Return what was given back, by its days and the tenants' ids; see the port."""
        columns = backfill_given_back.c
        day = columns.first_day.desc() if newest_first else columns.first_day
        statement = (
            select(backfill_given_back)
            .where(columns.backfill_id == backfill_id)
            .order_by(day, columns.tenant)
            .limit(limit)
        )
        return statements.read(self._connection, statement, _given_of)

    def take_back(self, backfill_id: str, taken: Sequence[GivenBack]) -> None:
        """Forget what was given back."""
        columns = backfill_given_back.c
        statement = delete(backfill_given_back).where(
            columns.backfill_id == backfill_id,
            columns.first_day == bindparam("day"),
            columns.tenant == bindparam("whose"),
        )
        named = [{"day": each.first_day, "whose": each.tenant} for each in taken]
        if named:
            self._connection.execute(statement, named)


def _row_of(backfill_id: str, tenant: PlannedTenant) -> dict[str, object]:
    return {
        "backfill_id": backfill_id,
        "number": tenant.number,
        "tenant": tenant.tenant,
        "zone_name": tenant.zone_name,
        "to_do": tenant.to_do,
        "standings": "".join(f"{_LETTERS[each]}{count}" for each, count in tenant.stretches),
    }


def _tenant_of(row: Row[Any]) -> PlannedTenant:
    stretches = _STRETCH.findall(row.standings)
    return PlannedTenant(
        number=row.number,
        tenant=row.tenant,
        zone_name=row.zone_name,
        to_do=row.to_do,
        stretches=tuple((_STANDINGS[letter], int(count)) for letter, count in stretches),
    )


def _given_of(row: Row[Any]) -> GivenBack:
    return GivenBack(row.first_day, row.tenant, JobKind(row.job), row.zone_name)
