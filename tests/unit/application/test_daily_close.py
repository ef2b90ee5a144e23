"""The daily close over in-memory adapters: every way in which it can end."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.consistency import Action, Rule, Rules, Violation
from aegis_batch.domain.errors import (
    AegisError,
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
    OrdersMisfit,
    OrdersUnreachable,
)
from aegis_batch.domain.events import (
    CloseCompleted,
    CloseFailed,
    CloseStarted,
    Event,
    OrdersRead,
    ReportSought,
    ReportSubmitted,
    RuleBroken,
    Step,
    StepFailed,
    StepStarted,
)
from aegis_batch.domain.order import Order
from aegis_batch.domain.outcome import Outcome, Problem, Submission
from aegis_batch.domain.report import AlteredBody, Report, StoredReport, TopItem
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.seal import Versions
from tests.unit.application.shop import (
    DAY,
    EQUAL,
    FIND,
    NEGATIVE,
    NOW,
    ORDERS,
    OTHER,
    READ,
    REPORT,
    RUN,
    WORDS,
    Shop,
)


def test_a_day_is_read_derived_handed_over_and_confirmed(shop: Shop) -> None:
    result = shop.close()

    assert (result.outcome, result.run, result.report) == (Outcome.CREATED, RUN, REPORT)
    assert result.already_closed is False
    assert result.submission == Submission(attempts=1, status=201)
    assert (result.problem, result.violations) == (None, ())
    assert result.duration_ms == 296.875
    assert shop.backend.bodies == [REPORT.body()]
    assert result.window is not None
    assert shop.reader.windows == [result.window]
    assert (result.window.start, result.window.end) == (
        datetime(2026, 11, 21, 3, tzinfo=UTC),
        datetime(2026, 11, 22, 3, tzinfo=UTC),
    )


def test_a_close_leaves_its_seal(shop: Shop) -> None:
    result = shop.close()

    seal = result.seal
    assert seal is not None
    assert (seal.orders_read, seal.lines_read, seal.items_sold) == (2, 3, Decimal(5))
    assert seal.body_digest == REPORT.digest()
    assert seal.snapshot.startswith("memory:")
    # Before the read and after the time that the question took.
    assert seal.read_at == NOW + timedelta(milliseconds=15.625)
    assert seal.versions == Versions("1.2.3", "2026a", "14.0.0")
    assert seal.window == result.window


def test_a_close_tells_its_events_in_order(shop: Shop) -> None:
    shop.close()

    def at(milliseconds: float) -> datetime:
        return NOW + timedelta(milliseconds=milliseconds)

    expected: list[Event] = [
        CloseStarted(run=RUN, at=at(0), dry_run=False),
        StepStarted(run=RUN, at=at(0), step=Step.FIND),
        ReportSought(run=RUN, at=at(15.625), found=False, duration_ms=15.625),
        StepStarted(run=RUN, at=at(15.625), step=Step.READ),
        OrdersRead(run=RUN, at=at(265.625), orders=2, lines=3, violations=0, duration_ms=250),
        StepStarted(run=RUN, at=at(265.625), step=Step.SUBMIT),
        ReportSubmitted(run=RUN, at=at(296.875), status=201, attempts=1, duration_ms=31.25),
        CloseCompleted(
            run=RUN,
            at=at(296.875),
            dry_run=False,
            outcome=Outcome.CREATED,
            orders=2,
            duration_ms=296.875,
        ),
    ]
    assert shop.sink.events == expected


def test_two_closes_of_a_day_make_one_post(shop: Shop) -> None:
    first, second = shop.close(), shop.close()

    assert (first.outcome, second.outcome) == (Outcome.CREATED, Outcome.ALREADY_CLOSED)
    assert shop.backend.posts == 1
    assert len(shop.reader.windows) == 1
    assert second.report == REPORT
    assert (second.already_closed, second.submission, second.seal) == (True, None, None)
    assert shop.events[8:] == ["job.started", *FIND, "job.completed"]
    assert shop.sink.events[-1] == CloseCompleted(
        run=RUN,
        at=shop.clock.now(),
        dry_run=False,
        outcome=Outcome.ALREADY_CLOSED,
        orders=None,
        duration_ms=15.625,
    )


def test_a_day_that_is_closed_with_a_report_in_part_is_closed(shop: Shop) -> None:
    shop.backend.stored[RUN.key] = StoredReport(DAY, total_orders=Decimal(2))

    result = shop.close()

    assert (result.outcome, result.report) == (Outcome.ALREADY_CLOSED, None)


def test_a_day_whose_report_was_altered_by_hand_is_not_closed_silently(shop: Shop) -> None:
    stored = replace(EQUAL, altered=AlteredBody("sha256:aa", "sha256:bb"))
    shop.backend.stored[RUN.key] = stored

    result = shop.close()

    assert (result.outcome, result.already_closed) == (Outcome.CONFLICT, True)
    assert result.problem is not None
    assert "altered by hand" in result.problem.message
    assert shop.backend.posts == 0


def test_an_empty_day_closes_with_nothing_in_it(shop: Shop) -> None:
    result = shop.close(date(2026, 11, 1))

    assert result.outcome is Outcome.CREATED
    assert shop.backend.bodies == [
        b'{"reportDate":"2026-11-01","totalOrders":0,"totalRevenue":0.00,"topItems":[]}'
    ]


def test_the_day_is_yesterday_unless_one_is_named(shop: Shop) -> None:
    result = shop.close(None)

    assert result.run.key.period == Period(PeriodKind.DAY, DAY)


def test_yesterday_is_that_of_the_calendar() -> None:
    # At two in the morning of the 22nd the business day of the 21st goes on till four.
    shop = Shop(day_start=time(4, 0))

    assert shop.close(None).run.key.period.first_day == date(2026, 11, 20)


def test_the_tolerance_of_the_rules_reaches_the_reader() -> None:
    shop = Shop(rules=Rules(tolerance=Decimal("0.05")))

    shop.close()

    assert shop.reader.tolerances == [Decimal("0.05")]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (OrdersMisfit(*WORDS), Outcome.UNREADABLE),
        (OrdersUnreachable(*WORDS), Outcome.UNREADABLE),
        (InvalidRequest(*WORDS), Outcome.INVALID),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_orders_that_can_not_be_read_end_the_close(
    shop: Shop, fault: AegisError, outcome: Outcome, *, dry_run: bool
) -> None:
    shop.reader.fault = fault

    result = shop.close(dry_run=dry_run)

    assert (result.outcome, result.problem) == (outcome, Problem.of(fault))
    assert (result.report, result.seal, result.submission) == (None, None, None)
    assert (shop.backend.posts, result.already_closed) == (0, False)
    assert shop.sink.events[-1] == CloseFailed(
        run=RUN,
        at=shop.clock.now(),
        dry_run=dry_run,
        outcome=outcome,
        code="some_code",
        orders=None,
        duration_ms=result.duration_ms,
    )


@pytest.mark.parametrize("dry_run", [False, True])
def test_orders_that_break_a_rule_are_rejected_and_nothing_is_sent(
    shop: Shop, *, dry_run: bool
) -> None:
    shop.reader.orders.append(NEGATIVE)

    result = shop.close(dry_run=dry_run)

    assert result.outcome is Outcome.REJECTED
    assert result.violations == (
        Violation(Rule.NEGATIVE_TOTAL, Action.REJECT, 1, ("9",)),
        Violation(Rule.NEGATIVE_PRICE, Action.REJECT, 1, ("9",)),
    )
    assert result.problem is not None
    assert result.problem.code == "orders_rejected"
    assert "negative_price by 1 (order 9)" in result.problem.message
    assert (result.report, result.seal, result.submission) == (None, None, None)
    assert shop.backend.posts == 0
    assert shop.events == ["job.started", *FIND, *READ, *["rule.broken"] * 2, "job.failed"]
    read, total, price, failed = shop.sink.events[-4:]
    assert isinstance(read, OrdersRead)
    assert isinstance(failed, CloseFailed)
    reject = Action.REJECT
    assert [total, price] == [
        RuleBroken(run=RUN, at=failed.at, rule=Rule.NEGATIVE_TOTAL, action=reject, count=1),
        RuleBroken(run=RUN, at=failed.at, rule=Rule.NEGATIVE_PRICE, action=reject, count=1),
    ]
    assert (read.orders, read.lines, read.violations) == (3, 4, 2)
    assert (failed.code, failed.orders, failed.dry_run) == ("orders_rejected", 3, dry_run)


def test_an_order_that_stands_twice_is_rejected(shop: Shop) -> None:
    shop.reader.orders.append(ORDERS[0])

    result = shop.close()

    assert result.outcome is Outcome.REJECTED
    assert result.violations == (Violation(Rule.DUPLICATE_ORDER, Action.REJECT, 1, ("1",)),)


def test_orders_that_break_rules_which_warn_are_closed_with_a_word(shop: Shop) -> None:
    empty = PlacedOrder(ORDERS[0].placed_at, Order("9", Decimal(0), ()))
    shop.reader.orders.append(empty)

    result = shop.close()

    assert (result.outcome, result.problem) == (Outcome.CREATED, None)
    assert result.violations == (Violation(Rule.EMPTY_ORDER, Action.WARN, 1, ("9",)),)


def test_a_rejection_tells_only_of_the_rules_that_reject(shop: Shop) -> None:
    shop.reader.orders += [NEGATIVE, PlacedOrder(NOW - timedelta(hours=9), Order("8", None, ()))]

    result = shop.close()

    assert result.problem is not None
    assert "empty_order" not in result.problem.message
    assert Rule.EMPTY_ORDER in {violation.rule for violation in result.violations}


def test_a_rehearsal_sends_nothing(shop: Shop) -> None:
    result = shop.close(dry_run=True)

    assert (result.outcome, result.report) == (Outcome.DRY_RUN, REPORT)
    assert (result.already_closed, result.submission, result.problem) == (False, None, None)
    assert result.seal is not None
    assert (shop.backend.posts, shop.backend.stored) == (0, {})
    assert shop.events == ["job.started", *FIND, *READ, "job.completed"]
    assert shop.sink.events[0] == CloseStarted(run=RUN, at=NOW, dry_run=True)
    assert shop.sink.events[-1] == CloseCompleted(
        run=RUN,
        at=shop.clock.now(),
        dry_run=True,
        outcome=Outcome.DRY_RUN,
        orders=2,
        duration_ms=result.duration_ms,
    )


def test_a_rehearsal_needs_no_backend(shop: Shop) -> None:
    result = shop.close(dry_run=True, without_backend=True)

    assert (result.outcome, result.report) == (Outcome.DRY_RUN, REPORT)
    assert (result.already_closed, result.problem) == (None, None)
    assert shop.events == ["job.started", *READ, "job.completed"]


@pytest.mark.parametrize("fault", [BackendUnavailable(*WORDS), BackendRefused(*WORDS)])
def test_a_rehearsal_goes_on_where_the_backend_does_not_answer(
    shop: Shop, fault: AegisError
) -> None:
    shop.backend.find_faults.append(fault)

    result = shop.close(dry_run=True)

    assert (result.outcome, result.report) == (Outcome.DRY_RUN, REPORT)
    assert (result.already_closed, result.problem) == (None, Problem.of(fault))


@pytest.mark.parametrize(("stored", "code"), [(EQUAL, None), (OTHER, "conflict")])
def test_a_rehearsal_says_how_the_report_of_the_backend_differs(
    shop: Shop, stored: StoredReport, code: str | None
) -> None:
    shop.backend.stored[RUN.key] = stored

    result = shop.close(dry_run=True)

    assert (result.outcome, result.already_closed) == (Outcome.DRY_RUN, True)
    assert result.report == REPORT
    assert (result.problem and result.problem.code) == code


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2026, 11, 23), date.max])
@pytest.mark.parametrize(
    ("dry_run", "allow_open_day"), [(False, False), (True, False), (False, True)]
)
def test_a_day_that_has_not_ended_is_refused(
    shop: Shop, day: date, *, dry_run: bool, allow_open_day: bool
) -> None:
    with pytest.raises(InvalidRequest, match="today is 2026-11-22 in America/Sao_Paulo") as caught:
        shop.close(day, dry_run=dry_run, allow_open_day=allow_open_day)

    assert caught.value.code == "day_not_over"
    assert "2026-11-21" in caught.value.remedy
    assert (shop.backend.finds, shop.reader.windows) == (0, [])


def test_a_day_is_over_with_its_last_microsecond(shop: Shop) -> None:
    end = datetime(2026, 11, 22, 3, tzinfo=UTC)
    shop.clock.set(end - timedelta(microseconds=1))
    with pytest.raises(InvalidRequest):
        shop.close()

    shop.clock.set(end)

    assert shop.close().outcome is Outcome.CREATED


def test_one_may_look_at_an_open_day(shop: Shop) -> None:
    result = shop.close(date(2026, 11, 22), dry_run=True, allow_open_day=True)

    assert result.outcome is Outcome.DRY_RUN
    assert result.report == Report(
        date(2026, 11, 22), 1, Decimal("3.25"), (TopItem("Tea", Decimal(1)),)
    )


def test_a_close_without_a_backend_is_refused_at_once(shop: Shop) -> None:
    with pytest.raises(InvalidRequest) as caught:
        shop.close(without_backend=True)

    assert caught.value.code == "missing_setting"
    assert "BACKEND_BASE_URL" in caught.value.remedy
    assert shop.reader.windows == []


def test_a_day_at_the_edge_of_the_calendar_is_refused(shop: Shop) -> None:
    with pytest.raises(InvalidRequest) as caught:
        shop.close(date.max, dry_run=True, allow_open_day=True)

    assert caught.value.code == "day_out_of_range"
    assert shop.reader.windows == []


@pytest.mark.parametrize(
    ("day", "told", "dry_run", "without_backend", "code"),
    [
        (date(2026, 11, 22), date(2026, 11, 22), False, False, "day_not_over"),
        (date.max, date.max, True, False, "day_out_of_range"),
        (None, DAY, False, True, "missing_setting"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_like_every_close(  # noqa: PLR0913 - a table's row
    shop: Shop, day: date | None, told: date, *, dry_run: bool, without_backend: bool, code: str
) -> None:
    with pytest.raises(InvalidRequest):
        shop.close(day, dry_run=dry_run, allow_open_day=dry_run, without_backend=without_backend)

    run = Run(RUN.id, RUN.trace_id, CloseKey("default", Period(PeriodKind.DAY, told)))
    assert shop.sink.events == [
        CloseStarted(run=run, at=NOW, dry_run=dry_run),
        CloseFailed(
            run=run,
            at=NOW,
            dry_run=dry_run,
            outcome=Outcome.INVALID,
            code=code,
            orders=None,
            duration_ms=0.0,
        ),
    ]


def test_a_defect_is_told_and_raised_as_it_is(shop: Shop) -> None:
    defect = ZeroDivisionError("a secret")
    shop.reader.fault = defect

    with pytest.raises(ZeroDivisionError) as caught:
        shop.close()

    assert caught.value is defect
    assert shop.sink.events[-2] == StepFailed(
        run=RUN, at=shop.clock.now(), step=Step.READ, code="defect", duration_ms=250
    )
    assert shop.sink.events[-1] == CloseFailed(
        run=RUN,
        at=shop.clock.now(),
        dry_run=False,
        outcome=Outcome.DEFECT,
        code="defect",
        orders=None,
        duration_ms=265.625,
    )
    assert shop.backend.posts == 0


def test_an_interrupted_close_goes_on_as_if_it_had_never_begun(shop: Shop) -> None:
    shop.reader.fault = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        shop.close()
    assert shop.events == ["job.started", *FIND, "step.started", "step.failed", "job.failed"]

    shop.reader.fault = None

    assert shop.close().outcome is Outcome.CREATED
    assert shop.backend.posts == 1
