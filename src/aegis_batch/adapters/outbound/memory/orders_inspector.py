"""Facts about an orders' database that there is none of."""

from datetime import date
from typing import TYPE_CHECKING

from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.orders_inspector import (
    Access,
    Fit,
    RoleRights,
    ServerFacts,
    SnapshotHold,
    WindowAccess,
)
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.clock_skew import ClockSample

if TYPE_CHECKING:
    from aegis_batch.domain.errors import AegisError

__all__ = ["InMemoryOrdersInspector"]


class InMemoryOrdersInspector:
    """Tells what its fields hold, at first nothing but good; ``faults`` are raised by method."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock, which is the database's too."""
        now = clock.now()
        self.server_facts = ServerFacts(
            180_000, "18.0", "reader", ClockSample(now, now, now), SnapshotHold.ONE
        )
        self.fit_facts = Fit((), "orders.created_at is timestamptz, read as an instant.")
        self.window_access = WindowAccess(Access(2), Access(1))
        self.role_rights = RoleRights(
            "reader", "shop", ("public",), ("public.orders", "public.order_items")
        )
        self.reported: set[date] = set()
        self.faults: dict[str, AegisError] = {}

    def server(self) -> ServerFacts:
        """Tell of the server."""
        self._fail("server")
        return self.server_facts

    def fit(self) -> Fit:
        """Tell how the tables fit."""
        self._fail("fit")
        return self.fit_facts

    def access(self, window: Window) -> WindowAccess:
        """Tell how a window would be read."""
        del window  # All are alike here.
        self._fail("access")
        return self.window_access

    def rights(self) -> RoleRights:
        """Tell what the role may do."""
        self._fail("rights")
        return self.role_rights

    def has_report(self, day: date) -> bool:
        """Say whether a day is one of those that have a report."""
        self._fail("has_report")
        return day in self.reported

    def _fail(self, method: str) -> None:
        if method in self.faults:
            raise self.faults[method]
