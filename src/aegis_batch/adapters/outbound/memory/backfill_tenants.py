"""The tenants in plans for all of them, in memory."""

from collections.abc import Sequence

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.application.ports.backfill_tenants import GivenBack
from aegis_batch.domain.backfill import PlannedTenant

__all__ = ["InMemoryBackfillTenants"]


class InMemoryBackfillTenants:
    """Keeps the tenants of plans, and what was given back of each."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._tenants: dict[tuple[str, int], PlannedTenant] = {}
        self._given: dict[tuple[str, str, str], GivenBack] = {}

    def add(self, backfill_id: str, tenants: Sequence[PlannedTenant]) -> None:
        """Keep new tenants of a plan; ``ValueError`` where a number of any is taken."""
        for tenant in tenants:
            if (backfill_id, tenant.number) in self._tenants:
                raise ValueError(f"taken: {tenant.number} of {backfill_id}")
            self._log.put(self._tenants, (backfill_id, tenant.number), tenant)

    def page(
        self, backfill_id: str, start: int, limit: int, *, to_do_alone: bool = False
    ) -> Sequence[PlannedTenant]:
        """Return tenants of a plan by their numbers; see the port."""
        found = [
            tenant
            for (of_plan, number), tenant in self._tenants.items()
            if of_plan == backfill_id and number >= start and (tenant.to_do or not to_do_alone)
        ]
        return sorted(found, key=lambda tenant: tenant.number)[:limit]

    def give_back(self, backfill_id: str, given: Sequence[GivenBack]) -> None:
        """Keep what is to be done once more."""
        for each in given:
            self._log.put(self._given, _place(backfill_id, each), each)

    def given_back(
        self, backfill_id: str, limit: int, *, newest_first: bool = False
    ) -> Sequence[GivenBack]:
        """Return what was given back, by its days and the tenants' ids; see the port."""
        of_plan = [each for key, each in self._given.items() if key[0] == backfill_id]
        by_tenant = sorted(of_plan, key=lambda each: each.tenant)
        return sorted(by_tenant, key=lambda each: each.first_day, reverse=newest_first)[:limit]

    def take_back(self, backfill_id: str, taken: Sequence[GivenBack]) -> None:
        """Forget what was given back."""
        for each in taken:
            self._log.drop(self._given, _place(backfill_id, each))


def _place(backfill_id: str, each: GivenBack) -> tuple[str, str, str]:
    return backfill_id, each.first_day.isoformat(), each.tenant
