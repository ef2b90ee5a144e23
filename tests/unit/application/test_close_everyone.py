"""All tenants closed by hand over in-memory adapters: by their own calendars, and by themselves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.memory.at_once import InMemoryAtOnce
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.resource_meter import InMemoryResourceMeter
from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.application.close_everyone import (
    CloseEveryoneRequest,
    CloseEveryoneUseCase,
    HeardResults,
    TenantClosed,
)
from aegis_batch.application.close_job import CloseJob, Rehearsal
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.ports.at_once import AtOnce, M, N, R, T
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.application.shard_close import ShardClose
from aegis_batch.domain.calendar import Period, PeriodKind, Window
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.events import OrdersRead, Step, StepStarted
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.seal import Versions
from aegis_batch.domain.tenant import Tenant
from tests.unit.application.fleet import Fleet, Hand

if TYPE_CHECKING:
    from aegis_batch.application.hand_leases import HandLeases
    from aegis_batch.application.recording import HeardClose

ZONE = "America/Sao_Paulo"
DAY = date(2026, 11, 21)
# Past midnight in Tokyo, and not yet in São Paulo.
SCAN = timedelta(seconds=3)
NOW = datetime(2026, 11, 21, 16, tzinfo=UTC)


def order(tenant: str, placed_at: datetime, total: str = "5.00") -> PlacedOrder:
    line = OrderLine(f"{tenant} tea", Decimal(1), Decimal(total))
    return PlacedOrder(placed_at, Order(tenant, Decimal(total), (line,)), tenant=tenant)


class AllAtOnce(InMemoryAtOnce):
    """Has done everything by the time that the first is told."""

    def together(
        self,
        first: Callable[[T], M],
        gather: Callable[[Sequence[M]], Sequence[N]],
        then: Callable[[N], R],
        things: Sequence[T],
    ) -> Iterator[R]:
        """Yield what came of each; see the port."""
        yield from list(super().together(first, gather, then, things))


class OneLate(InMemoryAtOnce):
    """Has the answer of the last thing only when all others are through."""

    def together(
        self,
        first: Callable[[T], M],
        gather: Callable[[Sequence[M]], Sequence[N]],
        then: Callable[[N], R],
        things: Sequence[T],
    ) -> Iterator[R]:
        """Yield what came of each; see the port."""
        yield from super().together(first, gather, then, things[:-1])
        yield from super().together(first, gather, then, things[-1:])


class SlowBackend(InMemoryReportGateway):
    """A Backend that takes its time to find a report, and to take one."""

    def __init__(self, clock: InMemoryClock) -> None:
        super().__init__()
        self._clock = clock

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Find; see the port."""
        self._clock.advance(timedelta(seconds=20))
        return super().find(run, once=once)

    def submit(self, run: Run, report: Report) -> Receipt:
        """Take a report; see the port."""
        self._clock.advance(timedelta(seconds=7))
        return super().submit(run, report)


class CountedScans(InMemoryOrderReader):
    """Remembers whose orders each scan read."""

    def __init__(self, placed: Sequence[PlacedOrder], clock: InMemoryClock) -> None:
        super().__init__(placed)
        self._clock = clock
        self.scans: list[list[str]] = []

    def read_each(
        self, tenants: Sequence[str], window: Window, tolerance: Decimal
    ) -> Mapping[str, Reading]:
        """Read; see the port."""
        self.scans.append(list(tenants))
        self._clock.advance(SCAN)
        return super().read_each(tenants, window, tolerance)


class Market:
    """Shops in two zones, whose days can all be closed."""

    def __init__(self, *tenants: Tenant) -> None:
        self.clock = InMemoryClock(NOW)
        self.backend = InMemoryReportGateway()
        self.directory = InMemoryTenantDirectory(
            tenants or [Tenant("north"), Tenant("south", "Asia/Tokyo")], ZONE
        )
        self.at_once: AtOnce = AllAtOnce()
        self.orders: InMemoryOrderReader = CountedScans(
            [
                order("north", datetime(2026, 11, 20, 15, tzinfo=UTC)),
                order("south", datetime(2026, 11, 21, 14, 59, tzinfo=UTC)),
            ],
            self.clock,
        )
        self.kept: list[list[HeardClose]] = []
        self.fleet = Fleet()
        self.leases: HandLeases | None = None

    @property
    def scans(self) -> list[list[str]]:
        """Whose orders each scan read."""
        assert isinstance(self.orders, CountedScans)
        return self.orders.scans

    def use_case(self, rehearsal: Rehearsal | None = None) -> CloseEveryoneUseCase:
        listener, results = AttemptListener(), HeardResults()
        calendars = SystemCalendars(ZONE, time(0))
        policy = ReportPolicy(calendars, Rules(), Versions("1", "2", "3"))
        daily_close = DailyCloseUseCase(
            self.orders,
            self.backend,
            self.clock,
            listener,
            policy,
            compares_first=True,
            hold=None if self.leases is None else self.leases.hold,
        )
        read = daily_close._deriving.read  # noqa: SLF001 - the same orders by the same rules
        return CloseEveryoneUseCase(
            directory=self.directory,
            shard_close=ShardClose(
                CloseJob(daily_close, read, rehearsal, results.tell),
                self.orders,
                Decimal(0),
                self.at_once,
                self.clock,
                InMemoryResourceMeter(),
            ),
            calendars=calendars,
            clock=self.clock,
            identifiers=InMemoryIdentifiers(),
            listener=listener,
            results=results,
            keep=None if rehearsal else lambda closes: self.kept.append(list(closes)),
            leases=self.leases,
        )

    def close(
        self, day: date | None = None, rehearsal: Rehearsal | None = None
    ) -> dict[str, TenantClosed]:
        closes = list(self.use_case(rehearsal).close(CloseEveryoneRequest(day)))
        return {closed.record.key.tenant: closed for closed in closes}


def test_each_tenant_is_closed_for_the_day_that_ended_last_in_its_own_zone() -> None:
    market = Market()

    closed = market.close()

    days = {tenant: each.record.key.period.first_day for tenant, each in closed.items()}
    assert days == {"north": date(2026, 11, 20), "south": DAY}
    for tenant, each in closed.items():
        assert each.result is not None
        assert (each.ended.outcome, each.result.outcome) == (Outcome.CREATED, Outcome.CREATED)
        assert each.result.report is not None
        assert [item.name for item in each.result.report.top_items] == [f"{tenant} tea"]
    assert {key.tenant for key in market.backend.stored} == {"north", "south"}


def test_what_is_kept_has_the_events_and_the_zone_of_each() -> None:
    market = Market()

    market.close()

    heard = {close.result.run.key.tenant: close for page in market.kept for close in page}
    assert {tenant: close.result.zone_name for tenant, close in heard.items()} == {
        "north": None,
        "south": "Asia/Tokyo",
    }
    for tenant, close in heard.items():
        assert {event.run.key.tenant for event in close.events} == {tenant}
        assert close.events[-1].name == "job.completed"


def test_a_tenant_that_another_process_is_at_is_told_so_and_the_others_are_closed() -> None:
    market = Market(Tenant("north"), Tenant("east"))
    market.leases = Hand(market.fleet, "m/hand-1").leases
    other = Hand(market.fleet, "m/hand-2").leases
    other.hold(CloseKey("north", Period(PeriodKind.DAY, date(2026, 11, 20))))

    closed = market.close()

    assert closed["east"].ended.outcome is Outcome.CREATED
    refused = closed["north"].ended
    assert (refused.outcome, refused.orders) == (Outcome.UNAVAILABLE, None)
    assert refused.problem is not None
    assert refused.problem.code == "in_progress"
    assert {key.tenant for key in market.backend.stored} == {"east"}
    with market.fleet.state.look() as turn:
        assert set(turn.leases.holders("").values()) == {"m/hand-2"}


def test_a_day_that_has_not_ended_is_closed_for_those_alone_for_whom_it_has() -> None:
    market = Market()

    closed = market.close(DAY)

    assert closed["south"].ended.outcome is Outcome.CREATED
    north = closed["north"]
    assert (north.result, north.ended.outcome) == (None, Outcome.INVALID)
    assert north.ended.problem is not None
    assert north.ended.problem.code == "day_not_over"
    assert [len(page) for page in market.kept] == [1]


def test_a_rehearsal_sends_and_keeps_nothing_and_may_look_at_an_open_day() -> None:
    market = Market()

    closed = market.close(DAY, Rehearsal(allow_open_day=True))

    assert {each.ended.outcome for each in closed.values()} == {Outcome.DRY_RUN}
    assert market.close(DAY, Rehearsal())["north"].ended.outcome is Outcome.INVALID
    assert (market.backend.bodies, market.kept) == ([], [])


def test_a_zone_that_is_none_is_told_to_its_tenants_alone() -> None:
    market = Market(Tenant("north"), Tenant("nowhere", "Mars/Olympus"))

    closed = market.close(date(2026, 11, 20))

    assert closed["north"].ended.outcome is Outcome.CREATED
    problem = closed["nowhere"].ended.problem
    assert problem is not None
    assert problem.code == "unknown_zone"


def test_a_tenant_has_no_part_in_days_before_its_first() -> None:
    day = date(2026, 11, 20)
    market = Market(Tenant("north", closes_from=day), Tenant("east", closes_from=DAY))
    use_case = market.use_case()

    closed = list(use_case.close(CloseEveryoneRequest(day)))

    assert [each.record.key.tenant for each in closed] == ["north"]
    assert use_case.beginning_later == 1
    assert {key.tenant for key in market.backend.stored} == {"north"}


def test_what_has_ended_is_kept_though_nobody_waits_for_the_rest() -> None:
    market = Market(*(Tenant(f"t{number}") for number in range(3)))
    closes = market.use_case().close(CloseEveryoneRequest())

    with closing(closes):
        next(closes)

    assert [len(page) for page in market.kept] == [3]


def test_there_is_one_scan_for_all_and_one_more_for_whom_the_backend_answers_late() -> None:
    tenants = [f"t{number}" for number in range(4)]
    market = Market(*(Tenant(tenant) for tenant in tenants))
    market.close()
    assert market.scans == [tenants]

    market = Market(*(Tenant(tenant) for tenant in tenants))
    market.at_once = OneLate()
    closes = market.use_case().close(CloseEveryoneRequest())
    handed_over = [next(closes).record.key.tenant for _ in range(3)]

    assert handed_over == tenants[:3]
    assert market.scans == [tenants[:3]]
    assert [key.tenant for key in market.backend.stored] == tenants[:3]
    assert [closed.ended.outcome for closed in closes] == [Outcome.CREATED]
    assert market.scans == [tenants[:3], tenants[3:]]


def test_what_a_close_waits_for_others_before_and_after_the_scan_is_no_part_of_its_reading() -> (
    None
):
    market = Market(*(Tenant(f"t{number}") for number in range(3)))
    market.backend = SlowBackend(market.clock)

    market.close()

    [page] = market.kept
    told = [event for close in page for event in close.events]
    read = [event for event in told if isinstance(event, OrdersRead)]
    assert [event.duration_ms for event in read] == [SCAN.total_seconds() * 1000] * 3
    begun = NOW + 3 * timedelta(seconds=20)
    steps = [event for event in told if isinstance(event, StepStarted)]
    assert [event.at for event in steps if event.step is Step.READ] == [begun] * 3
    seals = [close.result.seal for close in page]
    assert {seal.read_at for seal in seals if seal is not None} == {begun}


def test_more_tenants_than_a_page_holds_are_kept_page_by_page() -> None:
    market = Market(*(Tenant(f"t{number:03}") for number in range(230)))

    assert len(market.close()) == 230

    assert [len(page) for page in market.kept] == [100, 100, 30]
