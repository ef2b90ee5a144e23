"""Rehearsals of a range: every period derived, nothing sent, and no waiting for silence."""

from datetime import date

import pytest

from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.backfill_rehearsal import AskedWhileAnswering, RehearseUseCase
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.domain.calendar import PeriodKind, Window
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import InvalidRequest, OrdersUnreachable
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.seal import Versions
from tests.unit.application.office import AWAY, BROKEN, DAY, ONE_DAY, REFUSED, Office
from tests.unit.application.test_backfilling import an_order

LAST = DAY - ONE_DAY
DAYS = [LAST + place * ONE_DAY for place in range(-3, 1)]


class Unreadable(InMemoryOrderReader):
    """Orders that can't be read from the second day on."""

    def read(self, tenant: str, window: Window, tolerance: object) -> Reading:
        if window.day >= DAYS[1]:
            raise OrdersUnreachable("unreachable", "Nobody is there.", "Try again later.")
        return super().read(tenant, window, tolerance)  # type: ignore[arg-type]


def rehearsal(office: Office, orders: InMemoryOrderReader) -> RehearseUseCase:
    calendar = office.expectation.calendar
    close = DailyCloseUseCase(
        orders,
        None,
        office.clock,
        InMemoryMetricsSink(),
        ReportPolicy(InMemoryCalendars(calendar), Rules(), Versions("1", "2", "3")),
        finder=AskedWhileAnswering(office.backend),
    )
    return RehearseUseCase(close, office.clock, office.identifiers, InMemoryCalendars(calendar))


def rehearse(
    office: Office,
    *placed: PlacedOrder,
    orders: InMemoryOrderReader | None = None,
    **changes: object,
) -> list[CloseResult]:
    use_case = rehearsal(office, orders or InMemoryOrderReader(placed))
    fields = {"first_day": DAYS[0], "last_day": LAST, **changes}
    count, results = use_case.rehearse(BackfillRequest(**fields))  # type: ignore[arg-type]
    found = list(results)
    assert len(found) <= count
    return found


def test_every_day_is_derived_and_nothing_is_handed_over() -> None:
    office = Office([])

    found = rehearse(office, an_order(DAYS[1], 5))

    assert [result.run.key.period.first_day for result in found] == DAYS
    assert {result.outcome for result in found} == {Outcome.DRY_RUN}
    assert [result.report and result.report.total_orders for result in found] == [0, 1, 0, 0]
    assert {result.already_closed for result in found} == {False}
    assert office.backend.stored == {}
    assert office.runs() == []


def test_months_are_rehearsed_newest_first_where_that_is_asked_for() -> None:
    office = Office([])

    found = rehearse(
        office,
        first_day=date(2026, 9, 1),
        last_day=date(2026, 10, 31),
        kind=PeriodKind.MONTH,
        newest_first=True,
    )

    assert [str(result.run.key.period) for result in found] == ["month 2026-10", "month 2026-09"]


def test_a_day_that_the_backend_has_otherwise_is_a_conflict_of_a_rehearsal() -> None:
    office = Office([])
    office.close_by_hand(DAYS[0])

    found = rehearse(office, an_order(DAYS[0], 5))

    assert found[0].problem is not None
    assert found[0].problem.code == "conflict"
    assert [result.already_closed for result in found] == [True, False, False, False]


def test_a_backend_that_does_not_answer_is_asked_no_more() -> None:
    office = Office([])
    office.backend.away = AWAY

    found = rehearse(office)

    assert len(office.backend.asked) == 1
    assert {result.outcome for result in found} == {Outcome.DRY_RUN}
    assert [result.already_closed for result in found] == [None] * 4


def test_a_backend_that_refuses_is_asked_again_since_that_is_quick() -> None:
    office = Office([])
    office.backend.away = REFUSED

    rehearse(office)

    assert len(office.backend.asked) == 4


def test_a_rejected_day_does_not_hold_up_the_others_but_an_unreadable_one_ends_it() -> None:
    office = Office([])

    rejected = rehearse(office, an_order(DAYS[1], -1), BROKEN)
    unreadable = rehearse(office, orders=Unreadable([]))

    assert [result.outcome for result in rejected] == [
        Outcome.DRY_RUN,
        Outcome.REJECTED,
        Outcome.DRY_RUN,
        Outcome.DRY_RUN,
    ]
    assert [result.outcome for result in unreadable] == [Outcome.DRY_RUN, Outcome.UNREADABLE]


def test_a_range_that_has_not_ended_is_refused_before_anything_is_read() -> None:
    office = Office([])

    with pytest.raises(InvalidRequest) as caught:
        rehearse(office, last_day=DAY)

    assert caught.value.code == "day_not_over"


def test_a_conflict_is_told_as_the_backend_itself_would_have_it() -> None:
    office = Office([])

    assert not AskedWhileAnswering(office.backend).can_replace
    assert AskedWhileAnswering(office.backend).identity == office.backend.identity
