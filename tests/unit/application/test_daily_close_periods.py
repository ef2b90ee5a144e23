"""Weeks and months, and closed periods that are derived again."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import AnswerLost, InvalidRequest
from aegis_batch.domain.events import ReportRecorded, ReportSubmitted
from aegis_batch.domain.outcome import Outcome, Submission
from aegis_batch.domain.run import CloseKey
from tests.unit.application.shop import DAY, EQUAL, NEGATIVE, NOW, OTHER, REPORT, RUN, Shop

MONDAY = date(2026, 11, 16)
# The morning after the week, and the month, in which the orders were placed.
AFTER_WEEK = datetime(2026, 11, 23, 5, tzinfo=UTC)
AFTER_MONTH = datetime(2026, 12, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "now", "first_day", "end"),
    [
        (PeriodKind.WEEK, AFTER_WEEK, MONDAY, datetime(2026, 11, 23, 3, tzinfo=UTC)),
        (PeriodKind.MONTH, AFTER_MONTH, date(2026, 11, 1), datetime(2026, 12, 1, 3, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("day", [DAY, None])
def test_a_period_is_closed_by_any_of_its_days_or_as_the_last_one(
    kind: PeriodKind, now: datetime, first_day: date, end: datetime, day: date | None
) -> None:
    shop = Shop()
    shop.clock.set(now)

    result = shop.close(day, kind=kind)

    assert result.outcome is Outcome.CREATED
    assert result.run.key == CloseKey("default", Period(kind, first_day))
    assert result.report is not None
    # The order after midnight belongs to the period too.
    assert (result.report.report_date, result.report.total_orders) == (first_day, 3)
    assert result.report.total_revenue == Decimal("88.50")
    (window,) = shop.reader.windows
    assert (window.day, window.end) == (first_day, end)
    assert list(shop.backend.stored) == [result.run.key]


@pytest.mark.parametrize(
    ("kind", "named", "latest"),
    [
        (PeriodKind.DAY, "business day 2026-11-22", "2026-11-21"),
        (PeriodKind.WEEK, "week 2026-W47", "week 2026-W46 (--date 2026-11-09) or an earlier week"),
        (
            PeriodKind.MONTH,
            "month 2026-11",
            "month 2026-10 (--date 2026-10-01) or an earlier month",
        ),
    ],
)
def test_a_period_that_has_not_ended_is_refused_and_the_last_one_is_named(
    kind: PeriodKind, named: str, latest: str
) -> None:
    shop = Shop()
    day = date(2026, 11, 22)

    with pytest.raises(InvalidRequest) as caught:
        shop.close(day, kind=kind)

    assert caught.value.code == "day_not_over"
    assert named in caught.value.message
    assert latest in caught.value.remedy
    assert shop.close(day, kind=kind, dry_run=True, allow_open_day=True).outcome is Outcome.DRY_RUN


def test_a_closed_day_that_is_rebuilt_is_read_again_and_sealed_where_it_is_equal() -> None:
    shop = Shop()
    shop.backend.stored[RUN.key] = EQUAL

    result = shop.close(rebuild=True)

    assert (result.outcome, result.report) == (Outcome.ALREADY_CLOSED, REPORT)
    assert result.seal is not None
    assert result.submission is None
    assert len(shop.reader.windows) == 1
    assert shop.backend.posts == 0


def test_a_rebuilt_day_that_differs_is_a_conflict_and_sends_nothing() -> None:
    shop = Shop()
    shop.backend.stored[RUN.key] = OTHER

    result = shop.close(rebuild=True)

    assert result.outcome is Outcome.CONFLICT
    assert result.problem is not None
    assert "totalOrders is 2 here and 3 at the Backend" in result.problem.message
    assert shop.backend.posts == 0


def test_a_rebuilt_day_that_is_missing_is_handed_over() -> None:
    shop = Shop()

    result = shop.close(rebuild=True)

    assert (result.outcome, result.submission) == (Outcome.CREATED, Submission(1, 201))


def test_a_rebuilt_day_whose_orders_break_a_rule_now_is_rejected() -> None:
    shop = Shop()
    shop.backend.stored[RUN.key] = EQUAL
    shop.reader.orders.append(NEGATIVE)

    assert shop.close(rebuild=True).outcome is Outcome.REJECTED
    assert shop.clock.now() > NOW


LOST = AnswerLost("answer_lost", "Lost.", "Ask.", attempts=3)


def keeping_shop() -> Shop:
    """A shop whose reports are kept in a database, with another report of the day in it."""
    shop = Shop()
    shop.backend.can_replace = True
    shop.backend.stored[RUN.key] = replace(OTHER, revision=1)
    return shop


def test_a_rebuilt_day_that_differs_is_replaced_where_revisions_are_kept() -> None:
    shop = keeping_shop()

    result = shop.close(rebuild=True)

    assert (result.outcome, result.revision, result.problem) == (Outcome.CREATED, 2, None)
    assert (result.submission, result.already_closed) == (Submission(1, 201), False)
    assert result.seal is not None
    assert shop.backend.stored[RUN.key].differences(REPORT) == ()
    assert shop.backend.former[RUN.key] == [replace(OTHER, revision=1)]
    [event] = [event for event in shop.sink.events if isinstance(event, ReportSubmitted)]
    assert isinstance(event, ReportRecorded)
    assert (event.status, event.revision) == (201, 2)


def test_a_rebuilt_day_that_is_equal_keeps_its_revision() -> None:
    shop = keeping_shop()
    shop.backend.stored[RUN.key] = replace(EQUAL, revision=4)

    result = shop.close(rebuild=True)

    assert (result.outcome, result.revision) == (Outcome.ALREADY_CLOSED, 4)
    assert shop.backend.posts == 0


def test_an_ordinary_close_never_replaces_but_a_dry_run_says_that_a_rebuild_would() -> None:
    shop = keeping_shop()

    assert shop.close().outcome is Outcome.ALREADY_CLOSED
    rehearsed = shop.close(dry_run=True)
    shop.backend.can_find = False
    handed_over = shop.close()

    for result in (rehearsed, handed_over):
        assert result.problem is not None
        assert "The reports' database holds a different report" in result.problem.message
        assert "totalOrders is 2 here and 3 there" in result.problem.message
        assert "--reprocess all" in result.problem.remedy
    assert handed_over.outcome is Outcome.CONFLICT
    assert shop.backend.stored[RUN.key] == replace(OTHER, revision=1)


def test_a_replacing_answer_that_is_lost_is_settled_by_asking() -> None:
    shop = keeping_shop()
    shop.backend.answer = LOST
    shop.backend.later = replace(EQUAL, revision=2)

    result = shop.close(rebuild=True)

    assert (result.outcome, result.revision) == (Outcome.ALREADY_CLOSED, 2)


def test_a_report_that_still_stands_after_a_lost_answer_is_no_conflict_but_tried_again() -> None:
    shop = keeping_shop()
    shop.backend.answer = LOST

    result = shop.close(rebuild=True)

    assert result.outcome is Outcome.UNAVAILABLE
    assert result.problem is not None
    assert result.problem.retryable
