"""Weeks and months merged from the seals of their days: the same report, and no order is read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.domain.calendar import Period, PeriodKind, Window
from aegis_batch.domain.consistency import Action, Rule, Rules
from aegis_batch.domain.errors import StateMisfit, StateUnavailable
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.seal import Versions
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.verification import Verdict
from tests.generated_orders import sound_orders
from tests.sealed_books import SealedBooks
from tests.sealed_chain import altered_by_hand

ZONE = "America/Sao_Paulo"
MONDAY = date(2026, 11, 16)
WEEK = Period(PeriodKind.WEEK, MONDAY)
THURSDAY = WEEK.days[3]
VERSIONS = Versions("1.2.3", "2026a", "14.0.0")
# A day that has no midnight, one with two, a half hour, and a date that never was.
CHANGES = [
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2018, 2, 17)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("UTC", date(2024, 2, 29)),
]
SOFT = Rules({Rule.LINE_TOTAL_MISMATCH: Action.WARN, Rule.EMPTY_ORDER: Action.WARN})


class Reader(InMemoryOrderReader):
    """Orders in memory, and the windows that were asked for."""

    def __init__(self, orders: Sequence[PlacedOrder]) -> None:
        super().__init__(orders)
        self.windows: list[Window] = []

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        self.windows.append(window)
        return super().read(tenant, window, tolerance)


def policy_of(zone: str = ZONE, day_start: time = time(0, 0), **changes: Any) -> ReportPolicy:  # noqa: ANN401
    return ReportPolicy(
        **{
            "calendars": SystemCalendars(zone, day_start),
            "rules": Rules(),
            "versions": VERSIONS,
            **changes,
        }
    )


def orders_of_the_week() -> list[PlacedOrder]:
    """An order at each day's noon, of a soup more each day, and its day's own dish."""
    return [
        PlacedOrder(
            datetime(2026, 11, 16, 15, tzinfo=UTC) + timedelta(days=number),
            Order(
                str(number),
                Decimal("10.05") * (number + 1),
                (
                    OrderLine("Soup", Decimal(number + 1), Decimal("10.05")),
                    OrderLine(f"Dish {number}", Decimal(1), Decimal(0)),
                ),
            ),
        )
        for number in range(7)
    ]


@pytest.fixture
def books() -> SealedBooks:
    books = SealedBooks(Reader(orders_of_the_week()), policy_of())
    for day in WEEK.days:
        assert books.seal(day).outcome is Outcome.CREATED
    books.sink.events.clear()
    windows(books).clear()
    return books


def windows(books: SealedBooks) -> list[Window]:
    assert isinstance(books.reader, Reader)
    return books.reader.windows


def names(books: SealedBooks) -> list[str]:
    return [event.name for event in books.sink.events]


def snapshot_of(result: CloseResult) -> str:
    assert result.seal is not None
    return result.seal.snapshot


def is_merged(books: SealedBooks, result: CloseResult) -> bool:
    by_snapshot = snapshot_of(result).startswith("merged from 7 seals sha256:")
    assert by_snapshot == (not windows(books)) == ("seals.merged" in names(books))
    return by_snapshot


@st.composite
def shops(draw: st.DrawFn) -> tuple[SealedBooks, Period]:
    """Draw a week or a month beside a clock change, with orders in and around it."""
    zone, day = draw(st.sampled_from(CHANGES))
    kind = draw(st.sampled_from([PeriodKind.WEEK, PeriodKind.MONTH]))
    start = draw(st.sampled_from([time(0, 0), time(2, 30), time(23, 59, 59)]))
    decimals = draw(st.sampled_from([0, 2, 3]))
    policy = policy_of(zone, start, rules=SOFT, currency_decimals=decimals, top_items_max=3)
    period = Period.holding(kind, day)
    window = policy.calendars.of(None).window_of(period)
    edges = [policy.calendars.of(None).window_of(one).start for one in period.days]
    any_time = st.datetimes(
        window.start.replace(tzinfo=None) - timedelta(days=2),
        window.end.replace(tzinfo=None) + timedelta(days=2),
        timezones=st.just(UTC),
    )
    at_an_edge = st.builds(
        lambda edge, microseconds: edge + timedelta(microseconds=microseconds),
        st.sampled_from([*edges, window.end]),
        st.integers(-1, 1),
    )
    placed = [
        PlacedOrder(draw(any_time | at_an_edge), order) for order in draw(sound_orders(max_size=12))
    ]
    return SealedBooks(Reader(placed), policy), period


@given(shops())
def test_the_merge_of_the_days_is_the_reading_of_the_period(
    shop: tuple[SealedBooks, Period],
) -> None:
    books, period = shop
    for day in period.days:
        books.seal(day)
    direct = books.read(period)
    windows(books).clear()

    merged = books.merge(period)

    assert windows(books) == []
    assert (merged.outcome, merged.totals) == (direct.outcome, direct.totals)
    assert merged.report is not None
    assert direct.report is not None
    assert merged.report.body() == direct.report.body()
    assert merged.violations == direct.violations
    assert merged.seal is not None
    assert direct.seal is not None
    assert replace(merged.seal, snapshot="") == replace(direct.seal, snapshot="")
    assert snapshot_of(merged).startswith(f"merged from {len(period.days)} seals sha256:")


def test_a_week_of_verified_days_reads_no_order_and_says_so(books: SealedBooks) -> None:
    result = books.merge(WEEK)

    assert is_merged(books, result)
    assert result.outcome is Outcome.CREATED
    assert result.report is not None
    assert (result.report.report_date, result.report.total_orders) == (MONDAY, 7)
    assert result.report.total_revenue == Decimal("281.40")
    assert names(books) == [
        "job.started",
        "step.started",
        "report.sought",
        "step.started",
        "seals.merged",
        "step.started",
        "report.submitted",
        "job.completed",
    ]


def test_the_digest_in_the_snapshot_is_that_of_these_very_seals(books: SealedBooks) -> None:
    before = snapshot_of(books.merge(WEEK))
    assert snapshot_of(books.merge(WEEK)) == before

    books.seal(THURSDAY)

    after = snapshot_of(books.merge(WEEK))
    assert after.startswith("merged from 7 seals sha256:")
    assert after != before


def test_a_day_without_a_seal_has_the_week_read(books: SealedBooks) -> None:
    # The next one has no seal for any of its days.
    next_week = Period(PeriodKind.WEEK, WEEK.end_day)

    result = books.merge(next_week)

    assert not is_merged(books, result)
    assert [window.day for window in windows(books)] == [WEEK.end_day]
    assert "seals.unreadable" not in names(books)


def test_a_seal_that_was_never_verified_has_the_week_read() -> None:
    books = SealedBooks(Reader(orders_of_the_week()), policy_of())
    for day in WEEK.days:
        books.seal(day, None if day == THURSDAY else Verdict.EQUAL)
    books.sink.events.clear()
    windows(books).clear()

    assert not is_merged(books, books.merge(WEEK))


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict != Verdict.EQUAL])
def test_a_day_that_was_not_found_equal_has_the_week_read(
    books: SealedBooks, verdict: Verdict
) -> None:
    books.verify(THURSDAY, verdict)

    assert not is_merged(books, books.merge(WEEK))


def test_a_verification_of_another_seal_has_the_week_read(books: SealedBooks) -> None:
    books.verify(THURSDAY, seal_digest="sha256:of an older one")

    assert not is_merged(books, books.merge(WEEK))


@pytest.mark.parametrize(
    "changed",
    [
        policy_of("America/Bahia", time(1, 0)),
        policy_of(versions=replace(VERSIONS, unicode="15.0.0")),
    ],
    ids=["another calendar", "another Unicode"],
)
def test_seals_made_under_other_conditions_have_the_week_read(
    books: SealedBooks, changed: ReportPolicy
) -> None:
    assert not is_merged(books, books.merge(WEEK, changed))


def test_another_program_or_other_zone_data_with_the_same_windows_is_no_hindrance(
    books: SealedBooks,
) -> None:
    changed = policy_of(versions=replace(VERSIONS, program="2.0.0", tzdata="2027a"))

    assert is_merged(books, books.merge(WEEK, changed))


def test_a_rule_that_rejects_now_rejects_what_was_sealed_with_a_warning() -> None:
    books = SealedBooks(Reader([*orders_of_the_week(), EMPTY]), policy_of())
    for day in WEEK.days:
        books.seal(day)
    windows(books).clear()

    result = books.merge(WEEK, policy_of(rules=Rules({Rule.EMPTY_ORDER: Action.REJECT})))

    assert windows(books) == []
    assert result.outcome is Outcome.REJECTED
    assert [(v.rule, v.count, v.orders) for v in result.violations] == [
        (Rule.EMPTY_ORDER, 1, ("empty",))
    ]


EMPTY = PlacedOrder(datetime(2026, 11, 19, 15, tzinfo=UTC), Order("empty", Decimal(0), ()))


def test_a_day_is_always_read(books: SealedBooks) -> None:
    books.merge(THURSDAY)

    assert [window.day for window in windows(books)] == [THURSDAY.first_day]


def test_a_rebuilt_week_is_always_read(books: SealedBooks) -> None:
    assert not is_merged(books, books.merge(WEEK, rebuild=True))


@pytest.mark.parametrize("error", [StateUnavailable, StateMisfit])
def test_a_state_in_trouble_has_the_week_read_with_a_warning(
    books: SealedBooks, error: type[StateUnavailable | StateMisfit]
) -> None:
    books.state.begin_faults.append(error("state_locked", "It is locked.", "Wait."))

    result = books.merge(WEEK)

    assert result.outcome is Outcome.CREATED
    assert not is_merged(books, result)
    told = [event for event in books.sink.events if event.name == "seals.unreadable"]
    assert [getattr(event, "code", None) for event in told] == ["state_locked"]


def test_a_seal_that_was_changed_by_hand_has_the_orders_read_with_a_warning(
    books: SealedBooks,
) -> None:
    key = CloseKey("default", THURSDAY)
    with books.state.turn() as turn:
        (kept,) = turn.seals.of(key, 1)
        link = replace(SealLink.of(kept.content), number=99)
        turn.seals.add(altered_by_hand(link, content="hello"))

    result = books.merge(WEEK)

    assert result.outcome is Outcome.CREATED
    assert not is_merged(books, result)
    told = [event for event in books.sink.events if event.name == "seals.unreadable"]
    assert [getattr(event, "code", None) for event in told] == ["seal_changed"]
    with pytest.raises(StateMisfit, match=f"the seal of {THURSDAY}"):
        SealedDays(books.state.look, books.policy).sealed(key)


def test_an_order_id_in_two_days_is_found_by_reading_alone(books: SealedBooks) -> None:
    assert isinstance(books.reader, Reader)
    twice = replace(books.reader.orders[2], placed_at=books.reader.orders[3].placed_at)
    books.reader.orders.append(replace(twice, order=replace(twice.order)))
    books.seal(THURSDAY)
    windows(books).clear()

    assert books.merge(WEEK).outcome is Outcome.CREATED
    assert books.read(WEEK).outcome is Outcome.REJECTED
