"""The night: which days it has closed, in which order, and what it leaves alone."""

from datetime import date, datetime, timedelta

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.events import JobCompleted
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.schedule import Schedule, ScheduleKind, Timing
from tests.unit.application.office import (
    AWAY,
    BROKEN,
    DAY,
    HOUR,
    NIGHTLY,
    NOON,
    ONE_DAY,
    REFUSED,
    Office,
    key_of,
    nights,
)

NIGHT = NOON + 14 * HOUR
DAYS = [DAY + place * ONE_DAY for place in range(-6, 1)]
ANOTHER = Schedule("another", JobKind.NIGHT, Timing(ScheduleKind.ONE_TIME, at=NOON + 365 * ONE_DAY))
SUCCEEDED, FAILED, WAITING = RunState.SUCCEEDED, RunState.FAILED, RunState.WAITING


def told(office: Office) -> list[str]:
    return [event.told for event in office.events(JobCompleted) if isinstance(event, JobCompleted)]


def a_night_later(office: Office, night: datetime = NIGHT) -> None:
    office.live_until(night + timedelta(minutes=1))


def test_a_night_closes_the_day_that_has_ended() -> None:
    office = Office()

    office.live_until(NIGHT - timedelta(seconds=1))
    assert office.runs() == []

    a_night_later(office)

    night, close = office.runs()
    assert (night.job, night.trigger, night.requested_by) == (
        JobKind.NIGHT,
        Trigger.SCHEDULE,
        "scheduler",
    )
    assert (night.nominal, night.key, night.schedule) == (NIGHT, key_of(DAY), "daily-close")
    assert (close.job, close.trigger, close.parent) == (JobKind.CLOSE, Trigger.NIGHT, night.id)
    assert (close.key, close.state, close.outcome) == (key_of(DAY), SUCCEEDED, Outcome.CREATED)
    assert office.closed_days() == [DAY]


def test_a_night_closes_every_open_day_of_the_window_oldest_first() -> None:
    office = Office(close_from=None)

    a_night_later(office)

    assert office.closed_days() == DAYS
    assert told(office) == ["7 days looked at; to be closed: " + ", ".join(map(str, DAYS))]


def test_after_three_nights_without_a_process_one_night_closes_the_three_days() -> None:
    office = Office()

    office.sleep_until(NIGHT + 2 * ONE_DAY + HOUR)
    a_night_later(office, NIGHT + 2 * ONE_DAY + HOUR)

    assert office.closed_days() == [DAY, DAY + ONE_DAY, DAY + 2 * ONE_DAY]
    assert office.decisions("daily-close") == ["SUPERSEDED", "SUPERSEDED", "RAN"]
    assert [o.nominal for o in office.occurrences("daily-close")] == nights(NIGHT, 3)


def test_what_the_backend_has_already_gets_no_run() -> None:
    office = Office(close_from=None)
    a_night_later(office)
    stored = dict(office.backend.stored)
    del stored[key_of(DAYS[3])]
    fresh = Office(close_from=None)
    fresh.backend.stored.update(stored)

    a_night_later(fresh)

    assert fresh.closes() == [(DAYS[3], SUCCEEDED)]


def test_the_backend_is_not_asked_for_days_that_the_ledger_knows_to_be_closed() -> None:
    office = Office()
    a_night_later(office)
    office.backend.asked.clear()

    a_night_later(office, NIGHT + ONE_DAY)

    assert set(office.backend.asked) == {DAY + ONE_DAY}


def test_what_another_backend_has_confirmed_is_closed_at_the_one_of_now() -> None:
    office = Office()
    a_night_later(office)
    office.backend.identity = "another"
    office.backend.stored.clear()
    office.backend.asked.clear()
    office.restart()

    a_night_later(office, NIGHT + ONE_DAY)

    assert office.closed_days() == [DAY, DAY + ONE_DAY]
    assert [run.backend for run in office.runs(JobKind.CLOSE)] == ["memory", "another", "another"]


def test_what_the_new_backend_has_too_is_asked_for_and_left_out() -> None:
    office = Office()
    a_night_later(office)
    office.backend.identity = "another"
    office.backend.asked.clear()
    office.restart()

    a_night_later(office, NIGHT + ONE_DAY)

    assert DAY in office.backend.asked
    assert office.closes() == [(DAY, SUCCEEDED), (DAY + ONE_DAY, SUCCEEDED)]


def test_where_the_backend_cant_be_asked_at_all_every_unknown_day_is_closed() -> None:
    office = Office(close_from=None)
    office.backend.can_find = False

    a_night_later(office)

    assert office.backend.asked == []
    assert office.closed_days() == DAYS


def test_a_silent_backend_is_asked_once_and_every_unknown_day_is_tried() -> None:
    office = Office([NIGHTLY], close_from=None)
    office.sleep_until(NIGHT)
    office.backend.find_faults.append(AWAY)

    office.fire()
    for work in office.queue.take_due(NIGHT):
        office.queue.perform(work)

    assert office.backend.asked == DAYS[:1]
    assert office.closes() == [(day, RunState.QUEUED) for day in DAYS]


def test_days_found_closed_before_the_backend_fell_silent_are_left_out() -> None:
    office = Office([NIGHTLY], close_from=DAY - ONE_DAY)
    other = Office([NIGHTLY], close_from=DAY - ONE_DAY)
    a_night_later(other)
    office.backend.stored[key_of(DAYS[-2])] = other.backend.stored[key_of(DAYS[-2])]

    office.sleep_until(NIGHT)
    office.fire()

    def refuse_from_the_next_question_on() -> None:
        office.backend.meanwhile = lambda: setattr(office.backend, "away", REFUSED)

    office.backend.meanwhile = refuse_from_the_next_question_on
    for work in office.queue.take_due(NIGHT):
        office.queue.perform(work)

    assert office.closes() == [(DAY, RunState.QUEUED)]


def test_a_day_in_flight_is_left_to_the_run_that_has_it() -> None:
    office = Office()
    office.backend.away = AWAY

    office.live_until(NIGHT + ONE_DAY + timedelta(minutes=1))

    assert office.closes() == [(DAY, WAITING), (DAY + ONE_DAY, WAITING)]


def test_a_day_with_an_open_dead_letter_is_left_to_people_and_the_next_day_is_closed() -> None:
    office = Office()
    office.orders.orders.append(BROKEN)

    office.live_until(NIGHT + ONE_DAY + timedelta(minutes=1))

    assert office.closes() == [(DAY, FAILED), (DAY + ONE_DAY, SUCCEEDED)]


def test_a_discarded_day_is_tried_again_by_the_next_night() -> None:
    office = Office()
    office.orders.orders.append(BROKEN)
    a_night_later(office)
    office.dead_letters.discard([office.letters()[0].run_id], "ana", "mended")
    office.orders.orders.clear()

    a_night_later(office, NIGHT + ONE_DAY)

    assert office.closes() == [(DAY, FAILED), (DAY, SUCCEEDED), (DAY + ONE_DAY, SUCCEEDED)]


def test_a_day_that_somebody_else_began_meanwhile_is_not_enqueued_twice() -> None:
    office = Office([NIGHTLY, ANOTHER], close_from=DAY - ONE_DAY)
    office.sleep_until(NIGHT)
    office.fire()

    def another_night() -> None:
        office.control.trigger("another", "ana")
        for work in office.queue.take_due(NIGHT):
            office.queue.perform(work)

    office.backend.meanwhile = another_night
    office.work()

    assert [day for day, _ in office.closes()] == [DAY - ONE_DAY, DAY]


def test_a_night_that_dies_at_its_commit_enqueues_nothing_and_does_it_all_again() -> None:
    office = Office()
    office.sleep_until(NIGHT)
    office.fire()
    (work,) = office.queue.take_due(NIGHT)
    full = StateUnavailable("state_full", "The disk is full.", "Make room.")
    office.backend.meanwhile = lambda: office.state.commit_faults.append(full)

    try:
        office.queue.perform(work)
    except StateUnavailable:
        office.restart()
    assert office.closes() == []
    assert office.reconcile.reconcile() == 1
    office.work()

    assert office.closes() == [(DAY, SUCCEEDED)]


def test_late_orders_and_old_days_do_not_make_a_night_look_beyond_its_window() -> None:
    long_ago = PlacedOrder(NOON - 30 * ONE_DAY, BROKEN.order)
    office = Office(close_from=date(2026, 1, 1))
    office.orders.orders.append(long_ago)

    a_night_later(office)

    assert office.closed_days() == DAYS
