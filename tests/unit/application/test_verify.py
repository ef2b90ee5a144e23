"""Ranges of closed periods, looked at again: every period has its say, and all of it is kept."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.application.verify import PERIODS_MAX, Verified, VerifyRequest, verified_event
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import (
    AegisError,
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
    StateUnavailable,
)
from aegis_batch.domain.job_events import PeriodVerified
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.verification import Verdict, Verification
from tests.unit.application.closed_days import FIRST, ClosedDays

DAY = timedelta(days=1)
LAST = FIRST + 7 * DAY
AWAY = BackendUnavailable("timeout", "It is away.", "Wait.")
FORBIDDEN = BackendRefused("forbidden", "It says no.", "Mend the token.", 403)
LOCKED = StateUnavailable("state_locked", "It is locked.", "Wait.")


def verdicts(days: ClosedDays, first: date = FIRST, last: date = LAST) -> list[str]:
    return [str(found.verification.verdict) for found in days.verify(first, last)]


def events(days: ClosedDays) -> list[PeriodVerified]:
    return [event for event in days.sink.events if isinstance(event, PeriodVerified)]


def test_both_ends_belong_to_a_range_and_each_day_is_looked_at_once() -> None:
    days = ClosedDays()
    days.date_back(FIRST, "late")
    days.delete("7-1")

    assert verdicts(days) == ["changed", *["equal"] * 6, "changed"]
    assert verdicts(days, FIRST, FIRST) == ["changed"]
    assert days.troubles == []


def test_what_came_of_each_day_is_kept_and_told() -> None:
    days = ClosedDays()
    days.date_back(FIRST, "late")

    found = days.verify(FIRST, FIRST + DAY)

    assert [days.kept(FIRST), days.kept(FIRST + DAY)] == [each.verification for each in found]
    first, second = events(days)
    assert (first.run.id, first.run.key.period.first_day) == ("run-v", FIRST)
    assert first.verdict is Verdict.CHANGED
    assert first.found is not None
    assert first.found.startswith("orders: 3 now, 2 when it was sealed (+1); ")
    assert (second.verdict, second.found) == (Verdict.EQUAL, None)


@pytest.mark.parametrize("kind", [PeriodKind.WEEK, PeriodKind.MONTH])
def test_each_week_or_month_that_holds_a_day_of_the_range_is_looked_at(kind: PeriodKind) -> None:
    days = ClosedDays()
    request = VerifyRequest("run-v", "2" * 32, date(2026, 9, 30), date(2026, 10, 12), kind)

    periods = [period.first_day for period in days.use_case().periods(request)]

    assert periods == (
        [date(2026, 9, 28), date(2026, 10, 5), date(2026, 10, 12)]
        if kind is PeriodKind.WEEK
        else [date(2026, 9, 1), date(2026, 10, 1)]
    )


def test_a_week_is_verified_by_its_own_report_and_seal() -> None:
    days = ClosedDays()
    days.backend.takes_reports = True
    days.close(FIRST, PeriodKind.WEEK)
    days.backend.takes_reports = False
    [found] = days.verify(FIRST, FIRST + 6 * DAY, PeriodKind.WEEK)
    assert found.verification.verdict is Verdict.EQUAL
    days.delete("3-0")

    [found] = days.verify(FIRST + DAY, FIRST + DAY, PeriodKind.WEEK)

    change = found.verification.change
    assert change is not None
    assert (change.orders_sealed, change.orders) == (14, -1)


@pytest.mark.parametrize(
    ("first", "last", "kind", "code"),
    [
        (LAST, FIRST, PeriodKind.DAY, "range_reversed"),
        (FIRST, date(2026, 11, 24), PeriodKind.DAY, "day_not_over"),
        (FIRST, date(2026, 11, 23), PeriodKind.WEEK, "day_not_over"),
        (FIRST, FIRST, PeriodKind.MONTH, "day_not_over"),
        (FIRST, date.max, PeriodKind.DAY, "day_not_over"),
        (LAST - PERIODS_MAX * DAY, LAST, PeriodKind.DAY, "range_too_long"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_before_anything_is_asked(
    first: date, last: date, kind: PeriodKind, code: str
) -> None:
    days = ClosedDays()
    days.backend.find_faults.append(AWAY)

    with pytest.raises(InvalidRequest) as refused:
        days.verify(first, last, kind)

    assert refused.value.code == code
    assert list(days.backend.find_faults) == [AWAY]
    assert events(days) == []


def test_a_day_at_the_edge_of_all_dates_is_refused() -> None:
    days = ClosedDays()
    days.calendars = SystemCalendars("Asia/Tokyo", time(0))

    with pytest.raises(InvalidRequest, match="at the edge"):
        days.verify(date.min, date.min)


def test_a_period_that_is_not_over_is_refused_with_what_is() -> None:
    days = ClosedDays()

    with pytest.raises(InvalidRequest) as refused:
        days.verify(FIRST, date(2026, 11, 24))
    assert refused.value.remedy == (
        "The newest that is over is business day 2026-11-23: name that one or an earlier day."
    )
    with pytest.raises(InvalidRequest) as refused:
        days.verify(FIRST, date(2026, 11, 23), PeriodKind.WEEK)
    assert refused.value.remedy == (
        "The newest that is over is week 2026-W47 (any day up to 2026-11-22): name that one or an"
        " earlier week."
    )


def test_whoever_asks_about_a_day_that_was_never_closed_here_meets_no_error() -> None:
    days = ClosedDays()
    days.verify(FIRST, FIRST)
    days.forget_seals()
    days.backend.stored.clear()
    days.verify(FIRST, FIRST)

    told = [event for event in days.sink.events if isinstance(event, PeriodVerified)]

    assert [(event.verdict, event.known_closed) for event in told] == [
        (Verdict.EQUAL, True),
        (Verdict.MISSING, False),
    ]


def test_the_longest_range_there_may_be_is_taken() -> None:
    days = ClosedDays()
    request = VerifyRequest("run-v", "2" * 32, LAST - (PERIODS_MAX - 1) * DAY, LAST)

    assert len(days.use_case().periods(request)) == PERIODS_MAX


def test_a_day_that_cant_be_read_is_unknown_and_the_next_is_looked_at() -> None:
    days = ClosedDays()
    days.backend.find_faults.extend([AWAY, AWAY])

    found = days.verify(FIRST, LAST)

    assert [each.verification.verdict for each in found] == [
        *[Verdict.UNKNOWN] * 2,
        *[Verdict.EQUAL] * 6,
    ]
    assert [each.failure for each in found] == [*[Outcome.UNAVAILABLE] * 2, *[None] * 6]
    problem = found[0].verification.problem
    assert problem is not None
    assert problem.code == "timeout"
    # Nothing is known of it now: what was known of it before is left as it was.
    assert days.kept(FIRST) is None


@pytest.mark.parametrize(
    ("faults", "looked_at"),
    [
        ([AWAY] * 3, 3),
        ([FORBIDDEN] * 3, 3),
        ([AWAY, AWAY, FORBIDDEN, AWAY, AWAY], 8),
        ([AWAY, FORBIDDEN, FORBIDDEN, FORBIDDEN], 4),
    ],
)
def test_nobody_is_asked_any_more_after_three_failures_of_a_kind_in_a_row(
    faults: list[AegisError], looked_at: int
) -> None:
    days = ClosedDays()
    days.backend.find_faults.extend(faults)

    assert len(verdicts(days)) == looked_at


def test_a_day_without_a_seal_fails_like_any_other() -> None:
    days = ClosedDays()
    days.forget_seals()
    days.backend.find_faults.append(AWAY)

    [found] = days.verify(FIRST, FIRST)

    assert (found.verification.verdict, found.verification.seal_digest) == (Verdict.UNKNOWN, None)


def test_a_state_that_is_away_is_told_once_and_the_backend_is_compared_with_the_orders() -> None:
    days = ClosedDays()
    days.state.begin_faults.append(LOCKED)
    days.date_back(FIRST, "late")

    found = days.verify(FIRST, FIRST + DAY)

    assert [each.verification.verdict for each in found] == [Verdict.CONFLICT, Verdict.EQUAL]
    assert [problem.code for problem in days.troubles] == ["state_locked"]
    assert days.kept(FIRST + DAY) is None


def test_a_state_that_fails_when_something_is_to_be_kept_changes_no_verdict() -> None:
    days = ClosedDays()
    days.backend.meanwhile = lambda: days.state.begin_faults.append(LOCKED)

    first, second = days.verify(FIRST, FIRST + DAY)

    assert first.verification.verdict is second.verification.verdict is Verdict.EQUAL
    # The first was still compared with its seal, and the second with the Backend alone.
    assert first.verification.seal_digest is not None
    assert second.verification.seal_digest is None
    assert [problem.code for problem in days.troubles] == ["state_locked"]
    assert (days.kept(FIRST), days.kept(FIRST + DAY)) == (None, None)


def test_a_seal_that_cant_be_read_is_its_own_days_finding_and_the_others_keep_theirs() -> None:
    days = ClosedDays()
    days.seal_by_hand(FIRST, content="hello")
    days.date_back(FIRST + 2 * DAY, "late")

    found = days.verify(FIRST, LAST)

    assert [str(each.verification.verdict) for each in found] == [
        "seal_changed",
        "equal",
        "changed",
        *["equal"] * 5,
    ]
    assert days.troubles == []
    assert all(each.verification.seal_digest for each in found[1:])
    assert days.kept(FIRST) == found[0].verification
    assert events(days)[0].found == found_line_of(found[0])


def found_line_of(verified: Verified) -> str:
    problem = verified.verification.problem
    assert problem is not None
    return f"{problem.code}: {problem.message}"


def test_nothing_is_ever_sent() -> None:
    days = ClosedDays()
    bodies = list(days.backend.bodies)
    days.backend.stored.clear()
    days.date_back(FIRST, "late")

    assert verdicts(days) == ["missing"] * 8
    assert days.backend.bodies == bodies


def test_many_tenants_are_verified_with_what_was_never_closed_left_out() -> None:
    days = ClosedDays()
    request = VerifyRequest("v", "2" * 32, FIRST, FIRST)
    never = VerifyRequest("v", "2" * 32, FIRST, FIRST, tenant="new", may_be_open=True)

    found = list(days.use_case().verify_each([request, never], lambda _: None))

    assert [each.verification.key.tenant for each in found] == ["default"]
    assert days.use_case().window_of(request).day == FIRST


def test_nobody_is_asked_any_more_where_nobody_answers_for_three_tenants_in_a_row() -> None:
    days = ClosedDays()
    days.backend.find_faults.extend([AWAY] * 9)
    requests = [VerifyRequest("v", "2" * 32, FIRST, FIRST, tenant=f"t{n}") for n in range(5)]

    found = list(days.use_case().verify_each(iter(requests), lambda _: None))

    assert [each.failure for each in found] == [Outcome.UNAVAILABLE] * 3


def test_what_a_verification_tells_keeps_the_cause_of_the_run_that_made_it() -> None:
    day = CloseKey("default", Period(PeriodKind.DAY, FIRST))
    run = Run("r", "0" * 31 + "1", CloseKey("*", Period(PeriodKind.DAY, FIRST)), "event-7")
    made_at = datetime(2026, 11, 30, tzinfo=UTC)

    equal = Verification(key=day, verdict=Verdict.EQUAL, seal_digest=None, verified_at=made_at)

    event = verified_event(run, equal)

    assert (event.run.key, event.run.correlation_id) == (day, "event-7")
