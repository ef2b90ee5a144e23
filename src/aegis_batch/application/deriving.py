"""Derive the report of a window: read its orders in one snapshot, check them, and seal both."""

from dataclasses import dataclass
from datetime import datetime

from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.order_reader import OrderReader, Reading
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.consistency import Action, Rules, Violation
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.report import Report
from aegis_batch.domain.seal import Seal, Versions
from aegis_batch.domain.totals import Totals

__all__ = ["Derived", "Deriving", "ReportPolicy"]


@dataclass(frozen=True, slots=True)
class ReportPolicy:
    """What a report depends on beside its orders.

    ``currency_decimals`` is the number of decimals of the revenue; ``top_items_max`` bounds the
    list of items.
    """

    calendars: Calendars
    rules: Rules
    versions: Versions
    top_items_max: int = 10
    currency_decimals: int = 2

    def report_of(self, window: Window, totals: Totals) -> Report:
        """Return the report of consistent totals of a window."""
        return Report.derive(
            window.day,
            totals,
            top_items_max=self.top_items_max,
            currency_decimals=self.currency_decimals,
        )


@dataclass(frozen=True, slots=True)
class Derived:
    """What a window's orders add up to, and what follows from them.

    ``report`` and ``seal`` are ``None`` where a rule that rejects is broken; ``problem`` then says
    which.
    """

    totals: Totals
    violations: tuple[Violation, ...]
    report: Report | None = None
    seal: Seal | None = None
    problem: Problem | None = None


class Deriving:
    """Derives reports from orders; it sends nothing and keeps nothing."""

    def __init__(self, orders: OrderReader, clock: Clock, policy: ReportPolicy) -> None:
        """Take the ports and the policy."""
        self._orders = orders
        self._clock = clock
        self._policy = policy

    def derive(self, tenant: str, window: Window) -> Derived:
        """Read a tenant's orders of a window and derive its report; see ``OrderReader``."""
        read_at = self._clock.now()
        read_at = self._clock.now()
        return self.derive_from(self.read(tenant, window), window, read_at)

    def read(self, tenant: str, window: Window) -> Reading:
        """Read a tenant's orders of a window alone; see ``OrderReader`` for the errors."""
        return self._orders.read(tenant, window, self._policy.rules.tolerance)

    def derive_from(self, reading: Reading, window: Window, read_at: datetime) -> Derived:
        """Derive a window's report from what it adds up to, as was found at a UTC instant."""
        policy = self._policy
        totals = Totals.sum(reading.parts)
        violations = policy.rules.judge(totals.tallies)
        rejecting = [v for v in violations if v.action is Action.REJECT]
        if rejecting:
            return Derived(totals, violations, problem=Problem.of_rejection(rejecting))
        report = policy.report_of(window, totals)
        seal = Seal.of(
            window,
            totals,
            report,
            snapshot=reading.snapshot,
            read_at=read_at,
            versions=policy.versions,
        )
        return Derived(totals, violations, report, seal)
