"""Silence speaks: days that are not closed by the deadline are named."""

from aegis_batch.domain.job_events import DayOverdue, JobCompleted
from aegis_batch.domain.run import JobKind, RunState
from tests.unit.application.office import (
    AWAY,
    BROKEN,
    DAY,
    DEADLINE,
    HOUR,
    NOON,
    ONE_DAY,
    REFUSED,
    Office,
    key_of,
)

NIGHT = NOON + 14 * HOUR
MORNING = NOON + 18 * HOUR


def overdue(office: Office) -> list[tuple[str, str]]:
    events = [event for event in office.events(DayOverdue) if isinstance(event, DayOverdue)]
    return [(event.day.isoformat(), event.why) for event in events]


def messages(office: Office) -> list[str]:
    return [notice.text for notice in office.notices() if notice.event == "day.overdue"]


def test_a_closed_day_is_not_overdue() -> None:
    office = Office()

    office.live_until(MORNING)

    assert office.runs(JobKind.DEADLINE)[0].state is RunState.SUCCEEDED
    assert overdue(office) == []
    last = office.events(JobCompleted)[-1]
    assert isinstance(last, JobCompleted)
    assert last.told == "1 days looked at, 0 overdue"


def test_a_day_that_nobody_closed_is_named_in_an_event_and_a_message() -> None:
    office = Office([DEADLINE])

    office.live_until(MORNING)

    assert overdue(office) == [("2026-11-21", "no run has closed it")]
    (message,) = messages(office)
    assert message == (
        "The business day 2026-11-21 is not closed by its deadline: no run has closed it."
        " See: aegis-batch runs --date 2026-11-21"
    )
    (run,) = office.runs()
    names = [entry.name for entry in office.history.run(run.id).timeline]
    assert "day.overdue" in names


def test_a_day_stays_overdue_each_morning_and_people_are_told_once() -> None:
    office = Office([DEADLINE])

    office.live_until(MORNING + 2 * ONE_DAY)

    days = [day for day, _ in overdue(office)]
    assert days == [
        "2026-11-21",
        "2026-11-21",
        "2026-11-22",
        "2026-11-21",
        "2026-11-22",
        "2026-11-23",
    ]
    assert len(messages(office)) == 3


def test_a_database_that_takes_the_reports_is_named_where_it_can_not_be_asked() -> None:
    office = Office()
    office.backend.can_replace = True
    office.backend.away = AWAY

    office.live_until(MORNING)

    [(_, why)] = overdue(office)
    assert why.endswith(", and the reports' database can't be asked (timeout)")


def test_a_day_in_flight_is_overdue_with_what_keeps_it() -> None:
    office = Office()
    office.backend.away = AWAY

    office.live_until(MORNING)

    (close,) = office.runs(JobKind.CLOSE)
    why = f"its run {close.id} is waiting, after timeout, and the Backend can't be asked (timeout)"
    assert overdue(office) == [("2026-11-21", why)]


def test_a_day_with_a_dead_letter_is_overdue_and_says_which() -> None:
    office = Office()
    office.orders.orders.append(BROKEN)

    office.live_until(MORNING)

    (close,) = office.runs(JobKind.CLOSE)
    assert overdue(office) == [
        ("2026-11-21", f"its run {close.id} is a dead letter (orders_rejected)")
    ]


def test_a_day_that_the_backend_has_is_not_overdue_whatever_the_ledger_says() -> None:
    office, elsewhere = Office([DEADLINE]), Office()
    elsewhere.live_until(NIGHT)
    office.backend.stored[key_of(DAY)] = elsewhere.backend.stored[key_of(DAY)]

    office.live_until(MORNING)

    assert overdue(office) == []


def test_where_the_backend_cant_be_asked_the_ledger_has_the_word() -> None:
    office = Office([DEADLINE])
    office.backend.can_find = False

    office.live_until(MORNING)

    assert office.backend.asked == []
    assert overdue(office) == [("2026-11-21", "no run has closed it")]


def test_a_day_closed_by_hand_is_not_overdue() -> None:
    office = Office([DEADLINE])
    office.live_until(NIGHT)
    office.close_by_hand(DAY)

    office.live_until(MORNING)

    assert overdue(office) == []


def test_a_day_closed_by_hand_with_another_backend_is_overdue() -> None:
    office = Office([DEADLINE])
    office.live_until(NIGHT)
    office.close_by_hand(DAY)
    office.backend.stored.clear()
    office.backend.identity = "another"

    office.live_until(MORNING)

    assert overdue(office) == [("2026-11-21", "it was closed, but not where reports are kept now")]


def test_a_silent_backend_is_asked_once_for_all_days() -> None:
    office = Office([DEADLINE], close_from=None)
    office.backend.away = AWAY

    office.live_until(MORNING)

    assert len(office.backend.asked) == 1
    assert len(overdue(office)) == 7


def test_a_backend_that_refuses_one_question_is_asked_the_next() -> None:
    office, elsewhere = Office([DEADLINE], close_from=DAY - ONE_DAY), Office()
    elsewhere.live_until(NIGHT)
    office.backend.stored[key_of(DAY)] = elsewhere.backend.stored[key_of(DAY)]
    office.backend.find_faults.append(REFUSED)

    office.live_until(MORNING)

    assert overdue(office) == [
        ("2026-11-20", "no run has closed it, and the Backend can't be asked (forbidden)")
    ]


def test_a_check_that_comes_after_days_of_outage_names_every_day() -> None:
    office = Office([DEADLINE])
    office.sleep_until(MORNING + 3 * ONE_DAY)

    office.live_until(MORNING + 3 * ONE_DAY)

    assert office.decisions("close-deadline") == ["SUPERSEDED"] * 3 + ["RAN"]
    assert [day for day, _ in overdue(office)] == [
        (DAY + place * ONE_DAY).isoformat() for place in range(4)
    ]
