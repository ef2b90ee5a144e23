"""The port for the tenants in plans for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from aegis_batch.domain.backfill import PlannedTenant
from aegis_batch.domain.run import JobKind

__all__ = ["BackfillTenants", "GivenBack"]


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A tenant's period whose run was cancelled, so that it is to be done once more.

    ``first_day`` is that of the period; ``job`` and ``zone_name`` are those of the run.
    """

    first_day: date
    tenant: str
    job: JobKind
    zone_name: str | None


class BackfillTenants(Protocol):
    """Keeps the tenants of plans, and what was given back of each, within a turn."""

    def add(self, backfill_id: str, tenants: Sequence[PlannedTenant]) -> None:
        """Keep new tenants of a plan; ``ValueError`` where a number of any is taken: a defect."""
        ...

    def page(
        self, backfill_id: str, start: int, limit: int, *, to_do_alone: bool = False
    ) -> Sequence[PlannedTenant]:
        """Return tenants of a plan by their numbers, from ``start`` on, at most ``limit``.

        With ``to_do_alone`` those alone for whom there is something to do.
        """
        ...

    def give_back(self, backfill_id: str, given: Sequence[GivenBack]) -> None:
        """Keep what is to be done once more, in the place of what was kept of the same periods."""
        ...

    def given_back(
        self, backfill_id: str, limit: int, *, newest_first: bool = False
    ) -> Sequence[GivenBack]:
        """Return what was given back, by its days and the tenants' ids, at most ``limit``.

        Oldest first, unless ``newest_first``.
        """
        ...

    def take_back(self, backfill_id: str, taken: Sequence[GivenBack]) -> None:
        """Forget what was given back, since it is being done."""
        ...
