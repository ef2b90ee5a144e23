"""Days that were closed and sealed over in-memory adapters, and whose orders may change later."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.resource_meter import InMemoryResourceMeter
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import Deriving, ReportPolicy
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.application.recording import RecordCloseUseCase
from aegis_batch.application.verify import Verified, VerifyRequest, VerifyUseCase
from aegis_batch.application.verifying import Sealed, Verifying, newest_seal
from aegis_batch.domain.broken_link import BrokenLink
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.seal import Versions
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.verification import Verification
from tests.sealed_chain import altered_by_hand

if TYPE_CHECKING:
    from collections.abc import Callable

    from aegis_batch.domain.outcome import Problem

ZONE = "America/Sao_Paulo"
# A Monday, whose week ends on the 22nd.
FIRST = date(2026, 11, 16)
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)


def order_of(day: date, order_id: str, total: str = "10.00", item: str = "Tea") -> PlacedOrder:
    """Return an order of one line, placed at noon of a day."""
    line = OrderLine(item, Decimal(1), Decimal(total))
    noon = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    return PlacedOrder(noon, Order(order_id, Decimal(total), (line,)))


def key_of(day: date, kind: PeriodKind = PeriodKind.DAY) -> CloseKey:
    """Return what the close of the period that holds a day is known by."""
    return CloseKey("default", Period.holding(kind, day))


class Backend(InMemoryReportGateway):
    """A Backend that takes reports until it is told that none may come.

    ``meanwhile`` happens once, while the Backend is asked.
    """

    def __init__(self) -> None:
        super().__init__()
        self.can_find = True
        self.takes_reports = True
        self.meanwhile: Callable[[], object] | None = None

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Answer, after something else has happened."""
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return super().find(run, once=once)

    def submit(self, run: Run, report: Report) -> Receipt:
        """Take a report, where one may come at all."""
        assert self.takes_reports, "a report was sent"
        return super().submit(run, report)


class ClosedDays:
    """Eight days of two orders each, closed and sealed; from then on nothing may be sent."""

    def __init__(self, days: int = 8) -> None:
        self.clock = InMemoryClock(NOW)
        self.sink = InMemoryMetricsSink()
        self.backend = Backend()
        self.state = InMemoryState(InMemoryWorkQueue())
        self.reader = InMemoryOrderReader(
            order_of(FIRST + timedelta(days=ahead), f"{ahead}-{number}")
            for ahead in range(8)
            for number in range(2)
        )
        self.calendar = Calendar(load_zone(ZONE), ZONE)
        self.calendars = SystemCalendars(ZONE, self.calendar.day_start)
        self.policy = ReportPolicy(self.calendars, Rules(), Versions("1", "2", "3"))
        self.troubles: list[Problem] = []
        for ahead in range(days):
            self.close(FIRST + timedelta(days=ahead))
        self.backend.takes_reports = False

    def close(self, day: date, kind: PeriodKind = PeriodKind.DAY) -> None:
        """Close a period by hand, and record it."""
        use_case = DailyCloseUseCase(self.reader, self.backend, self.clock, self.sink, self.policy)
        run_id = f"run-{kind}-{day}"
        result = use_case.close(CloseRequest(run_id, "1" * 32, day=day, kind=kind))
        recording = RecordCloseUseCase(self.state, self.clock, InMemoryResourceMeter(), "laptop")
        recording.record(result, (), "ana")
        self.sink.events.clear()

    def date_back(self, day: date, order_id: str) -> None:
        """Put an order into a day that was closed without it."""
        self.reader.orders.append(order_of(day, order_id, "7.50", "Soup"))

    def change(self, order_id: str, total: str) -> None:
        """Change an order's total, and the price of its line."""
        self.reader.orders = [
            order_of(placed.placed_at.date(), order_id, total)
            if placed.order.id == order_id
            else placed
            for placed in self.reader.orders
        ]

    def reprice(self, order_id: str, unit_price: str) -> None:
        """Change the price of an order's lines, and not its total."""
        self.reader.orders = [
            replace(placed, order=replace(placed.order, lines=_at(placed.order, unit_price)))
            if placed.order.id == order_id
            else placed
            for placed in self.reader.orders
        ]

    def delete(self, order_id: str) -> None:
        """Take an order away."""
        self.reader.orders = [
            placed for placed in self.reader.orders if placed.order.id != order_id
        ]

    def forget_seals(self) -> None:
        """Lose the state."""
        self.state = InMemoryState(InMemoryWorkQueue())

    def seal_by_hand(self, day: date, **changes: str) -> None:
        """Keep one more seal of a day, whose row somebody then changed."""
        with self.state.turn() as turn:
            last, newest = turn.seals.last("default"), turn.seals.of(key_of(day), 1)
            assert last is not None
            link = SealLink.of(newest[0].content)
            link = replace(link, number=last.number + 1, previous=last.digest, run_id="again")
            turn.seals.add(altered_by_hand(link, **changes))

    def settle(self, **changes: object) -> None:
        """Change the settings of the report."""
        self.policy = replace(self.policy, **changes)  # type: ignore[arg-type]

    def verifying(self, *, without_backend: bool = False) -> Verifying:
        """Return what verifies one period."""
        return Verifying(
            Deriving(self.reader, self.clock, self.policy),
            None if without_backend else self.backend,
            self.clock,
            self.policy,
        )

    def sealed(self, day: date) -> Sealed | BrokenLink | None:
        """Return what a day was closed with."""
        with self.state.turn() as turn:
            return newest_seal(turn, key_of(day))

    def look(self, day: date) -> Verification:
        """Verify one day beside its seal."""
        run = Run("run-v", "2" * 32, key_of(day))
        found = self.verifying().verify(run, self.sealed(day))
        assert found is not None
        return found

    def use_case(self) -> VerifyUseCase:
        """Return what verifies ranges."""
        return VerifyUseCase(self.verifying(), self.state, self.clock, self.sink, self.calendars)

    def verify(self, first: date, last: date, kind: PeriodKind = PeriodKind.DAY) -> list[Verified]:
        """Verify a range."""
        request = VerifyRequest("run-v", "2" * 32, first, last, kind)
        return list(self.use_case().verify(request, self.troubles.append))

    def kept(self, day: date) -> Verification | None:
        """Return what is kept of a day's verification."""
        with self.state.turn() as turn:
            return turn.verifications.get(key_of(day))


def _at(order: Order, unit_price: str) -> tuple[OrderLine, ...]:
    return tuple(replace(line, unit_price=Decimal(unit_price)) for line in order.lines)
