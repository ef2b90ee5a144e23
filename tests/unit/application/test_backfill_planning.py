"""Plans of backfills: what they say, what they refuse, and when they are outdated."""

from datetime import date, timedelta

import pytest

from aegis_batch.application.backfill_planning import Planned
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.domain.backfill import BackfillState, Deed, PeriodStanding, Reprocess
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.errors import AegisError, InvalidRequest
from tests.unit.application.office import AWAY, DAY, ONE_DAY, REFUSED, Office

TODAY = DAY
LAST = DAY - ONE_DAY
FIRST = LAST - 4 * ONE_DAY
DAYS = [FIRST + place * ONE_DAY for place in range(5)]
OPEN, UNASKED = PeriodStanding.OPEN, PeriodStanding.UNASKED
CLOSED, IN_FLIGHT, DEAD = PeriodStanding.CLOSED, PeriodStanding.IN_FLIGHT, PeriodStanding.DEAD


def an_office() -> Office:
    """Return an office without schedules, of which five days are over."""
    return Office([])


def request(**changes: object) -> BackfillRequest:
    return BackfillRequest(first_day=FIRST, last_day=LAST, **changes)  # type: ignore[arg-type]


def plan(office: Office, **changes: object) -> Planned:
    return office.planning.plan(request(**changes), "ana")


def standings(planned: Planned) -> list[PeriodStanding]:
    return [each.standing for each in planned.periods]


def test_an_open_range_is_planned_whole_and_nothing_runs() -> None:
    office = an_office()

    planned = plan(office)

    assert [each.period.first_day for each in planned.periods] == DAYS
    assert set(standings(planned)) == {OPEN}
    assert {each.deed for each in planned.periods} == {Deed.CLOSE}
    assert planned.backfill.to_do == 5
    assert planned.backfill.state is BackfillState.PLANNED
    assert office.runs() == []
    assert office.backfills.newest(9) == [planned.backfill]
    assert office.backfills.view(planned.backfill.id).periods == planned.periods
    assert office.backend.asked == DAYS


def test_the_backend_is_asked_about_what_the_ledger_does_not_know() -> None:
    office = an_office()
    office.enqueue_close(DAYS[0])
    office.work()
    office.close_by_hand(DAYS[1])
    office.enqueue_close(DAYS[3])
    office.backend.asked.clear()

    planned = plan(office)

    assert standings(planned) == [CLOSED, CLOSED, OPEN, IN_FLIGHT, OPEN]
    assert office.backend.asked == [DAYS[2], DAYS[4]]
    assert planned.backfill.to_do == 2


def test_where_there_is_nobody_to_ask_what_no_run_has_closed_is_open() -> None:
    office = an_office()
    office.backend.can_find = False
    office.enqueue_close(DAYS[0])
    office.work()

    assert standings(plan(office)) == [CLOSED, OPEN, OPEN, OPEN, OPEN]


@pytest.mark.parametrize("error", [AWAY, REFUSED])
def test_a_backend_that_does_not_answer_is_asked_once_and_the_plan_says_so(
    error: AegisError,
) -> None:
    office = an_office()
    office.backend.away = error

    planned = plan(office)

    assert set(standings(planned)) == {UNASKED}
    assert planned.backfill.to_do == 5
    assert planned.why_unasked is not None
    assert planned.why_unasked.startswith(error.code)
    assert len(office.backend.asked) == 1


def test_a_backend_that_is_slow_is_not_asked_for_ever() -> None:
    office = an_office()
    office.backend.meanwhile = lambda: office.clock.advance(timedelta(seconds=60))

    planned = plan(office)

    assert standings(planned) == [OPEN, UNASKED, UNASKED, UNASKED, UNASKED]
    assert planned.why_unasked == "that took longer than 60 s"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"last_day": FIRST - ONE_DAY}, "invalid_range", "before it begins"),
        ({"last_day": TODAY}, "day_not_over", "business day 2026-11-21 has not ended"),
        ({"kind": PeriodKind.WEEK}, "day_not_over", "week 2026-W47 has not ended"),
        ({"kind": PeriodKind.MONTH}, "day_not_over", "month 2026-11 has not ended"),
        (
            {"first_day": date(2015, 2, 10), "last_day": date(2030, 2, 1)},
            "day_not_over",
            "business day 2026-11-21 has not ended",
        ),
        ({"first_day": date(2016, 1, 1)}, "range_too_long", "more than 3,660 days"),
        (
            {"first_day": date(9999, 12, 31), "last_day": date(9999, 12, 31)},
            "day_out_of_range",
            "at the edge",
        ),
    ],
)
def test_a_range_that_can_not_be_filled_is_refused(
    changes: dict[str, object], code: str, words: str
) -> None:
    office = an_office()
    fields = {"first_day": FIRST, "last_day": LAST, **changes}

    with pytest.raises(InvalidRequest) as caught:
        office.planning.plan(BackfillRequest(**fields), "ana")  # type: ignore[arg-type]

    assert caught.value.code == code
    assert words in caught.value.message
    assert office.backfills.newest(9) == []


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        (PeriodKind.DAY, "2026-11-20"),
        (PeriodKind.WEEK, "2026-11-15"),
        (PeriodKind.MONTH, "2026-10-31"),
    ],
)
def test_a_period_that_is_not_over_is_refused_with_the_last_that_is_possible(
    kind: PeriodKind, last: str
) -> None:
    office = an_office()
    with pytest.raises(InvalidRequest) as caught:
        office.planning.plan(
            BackfillRequest(first_day=date(2026, 9, 1), last_day=TODAY, kind=kind), "ana"
        )
    assert caught.value.remedy.endswith(f"--to {last}")

    last_day = date.fromisoformat(last)
    request_to_it = BackfillRequest(first_day=date(2026, 9, 1), last_day=last_day, kind=kind)
    planned = office.planning.plan(request_to_it, "ana")
    assert planned.periods[-1].period.last_day == last_day


def test_a_day_that_was_closed_between_plan_and_start_is_named() -> None:
    office = an_office()
    planned = plan(office)
    office.close_by_hand(DAYS[2])
    runs_before = office.runs()

    with pytest.raises(InvalidRequest) as caught:
        office.planning.start(planned.backfill.id, "ana")

    assert caught.value.code == "plan_outdated"
    assert f"{DAYS[2]} was open and is closed" in caught.value.message
    assert str(DAYS[1]) not in caught.value.message
    assert office.runs() == runs_before
    assert office.backfills.progress(planned.backfill.id).backfill == planned.backfill


def test_of_many_changed_days_ten_are_named() -> None:
    office = an_office()
    long_ago = FIRST - 10 * ONE_DAY
    planned = office.planning.plan(BackfillRequest(first_day=long_ago, last_day=LAST), "ana")
    for place in range(15):
        office.close_by_hand(long_ago + place * ONE_DAY)

    with pytest.raises(InvalidRequest) as caught:
        office.planning.start(planned.backfill.id, "ana")

    assert "2026-11-15" in caught.value.message
    assert "2026-11-16" not in caught.value.message
    assert "and 5 more" in caught.value.message


def test_what_was_not_asked_about_is_not_asked_about_at_the_start_either() -> None:
    office = an_office()
    office.backend.away = AWAY
    planned = plan(office)
    office.backend.away = None
    office.backend.asked.clear()

    assert office.planning.start(planned.backfill.id, "ana").is_new
    assert office.backend.asked == []


def test_a_backend_that_falls_silent_after_the_plan_does_not_outdate_it() -> None:
    office = an_office()
    planned = plan(office)
    office.backend.away = AWAY

    assert office.planning.start(planned.backfill.id, "ana").is_new


def test_a_plan_starts_once_however_often_it_is_told_to() -> None:
    office = an_office()
    planned = plan(office)

    first = office.planning.start(planned.backfill.id, "maria")
    again = office.planning.start(planned.backfill.id, "ana")

    assert (first.is_new, again.is_new) == (True, False)
    assert first.backfill.started_by == again.backfill.started_by == "maria"
    assert len(office.runs()) == 2
    assert [entry.action for entry in office.history.audit(9)] == ["backfill.start"]


def test_of_two_who_start_it_at_once_one_does() -> None:
    office = an_office()
    plan_id = plan(office).backfill.id
    started: list[bool] = []
    office.backend.meanwhile = lambda: started.append(office.planning.start(plan_id, "x").is_new)

    second = office.planning.start(plan_id, "ana")

    assert (started, second.is_new) == ([True], False)
    assert second.backfill.started_by == "x"
    assert len(office.runs()) == 2


def test_a_plan_with_nothing_to_do_ends_when_it_starts() -> None:
    office = an_office()
    for day in DAYS:
        office.close_by_hand(day)
    planned = plan(office)
    assert planned.backfill.to_do == 0

    started = office.planning.start(planned.backfill.id, "ana")

    assert started.backfill.state is BackfillState.ENDED
    assert len(office.runs()) == 5


def test_an_unknown_plan_and_a_cancelled_one_do_not_start() -> None:
    office = an_office()
    planned = plan(office)
    office.backfills.cancel(planned.backfill.id, "ana", "the wrong days")

    with pytest.raises(InvalidRequest) as caught:
        office.planning.start("nothing", "ana")
    assert caught.value.code == "unknown_plan"
    with pytest.raises(InvalidRequest) as caught:
        office.planning.start(planned.backfill.id, "ana")
    assert caught.value.code == "backfill_cancelled"
    assert "Plan the range again" in caught.value.remedy


def test_the_oldest_comes_last_in_a_plan_that_begins_with_the_newest() -> None:
    office = an_office()

    planned = plan(office, newest_first=True, reprocess=Reprocess.ALL)

    assert planned.backfill.next_day == LAST
    assert [each.period.first_day for each in planned.periods] == DAYS
