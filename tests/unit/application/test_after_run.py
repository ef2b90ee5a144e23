"""The word about the night: complete or failed, once each, and only when it is known."""

from datetime import timedelta

from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.nights_of_one import NightsOfOne
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from tests.unit.application.office import (
    AWAY,
    BROKEN,
    DAY,
    HOUR,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    Office,
)

NIGHT = NOON + 14 * HOUR


def heartbeats(office: Office) -> list[NoticeKind]:
    kinds = [notice.kind for notice in office.notices()]
    return [kind for kind in kinds if kind is not NoticeKind.MESSAGE]


def texts(office: Office) -> list[str]:
    return [n.text for n in office.notices() if n.kind is not NoticeKind.MESSAGE]


COMPLETE, FAILED = NoticeKind.NIGHT_COMPLETE, NoticeKind.NIGHT_FAILED


def test_the_heart_beats_once_after_each_complete_night() -> None:
    office = Office()

    office.live_until(NIGHT + 2 * ONE_DAY)

    assert heartbeats(office) == [COMPLETE] * 3
    assert texts(office)[0] == "The night of 2026-11-21 is complete."


def test_a_night_with_nothing_to_do_is_complete() -> None:
    office = Office(close_from=DAY + 5 * ONE_DAY)

    office.live_until(NIGHT)

    assert office.closes() == []
    assert heartbeats(office) == [COMPLETE]


def test_while_a_day_is_in_flight_nothing_is_said_of_the_night() -> None:
    office = Office([NIGHTLY])
    office.backend.away = AWAY
    office.live_until(NIGHT + 5 * HOUR)
    assert heartbeats(office) == []

    office.backend.away = None
    office.live_until(NIGHT + 6 * HOUR)

    assert heartbeats(office) == [COMPLETE]


def test_a_night_with_a_rejected_day_has_failed_and_names_the_day() -> None:
    office = Office()
    office.orders.orders.append(BROKEN)

    office.live_until(NIGHT)

    assert heartbeats(office) == [FAILED]
    assert texts(office) == [
        "The night of 2026-11-21 failed: 2026-11-21. See: aegis-batch dead-letters list"
    ]


def test_nights_go_on_failing_until_somebody_has_decided_about_the_dead_letter() -> None:
    office = Office([NIGHTLY])
    office.orders.orders.append(BROKEN)
    office.live_until(NIGHT + ONE_DAY)
    assert heartbeats(office) == [FAILED, FAILED]

    office.orders.orders.clear()
    office.dead_letters.replay([office.letters()[0].run_id], "ana", "mended")
    office.live_until(NIGHT + 2 * ONE_DAY)

    assert heartbeats(office) == [FAILED, FAILED, COMPLETE]


def test_a_night_is_told_once_though_its_days_go_on_ending() -> None:
    office = Office([NIGHTLY])
    office.orders.orders.append(BROKEN)
    office.live_until(NIGHT)

    office.orders.orders.clear()
    office.dead_letters.replay([office.letters()[0].run_id], "ana", "mended")
    office.live_until(NIGHT + HOUR)

    assert office.closes() == [(DAY, RunState.FAILED), (DAY, RunState.SUCCEEDED)]
    assert heartbeats(office) == [FAILED]


def test_a_dead_letter_of_a_day_that_was_closed_by_other_means_fails_no_night() -> None:
    office = Office([NIGHTLY])
    office.orders.orders.append(BROKEN)
    office.live_until(NIGHT)
    office.orders.orders.clear()
    office.close_by_hand(DAY)

    office.live_until(NIGHT + ONE_DAY)

    assert heartbeats(office) == [FAILED, COMPLETE]


def test_the_dead_letter_of_a_week_fails_no_night_though_it_begins_on_one_of_its_days() -> None:
    monday = DAY - 5 * ONE_DAY
    office = Office([NIGHTLY], close_from=monday)
    week = CloseKey("default", Period(PeriodKind.WEEK, monday))
    office.live_until(NIGHT - HOUR)
    running = RunRecord(
        id="run-week",
        trace_id="ab" * 16,
        job=JobKind.CLOSE,
        key=week,
        trigger=Trigger.BACKFILL,
        requested_by="ana",
        state=RunState.RUNNING,
        work_id="run-week#1",
        enqueued_at=NIGHT - HOUR,
        due_at=NIGHT - HOUR,
        attempt=1,
    )
    with office.ledger.turn() as turn:
        turn.state.runs.add(running)
        turn.bury(running, Outcome.REFUSED, Problem("no_weeks", "No.", "Look.", retryable=False))

    office.live_until(NIGHT)

    assert heartbeats(office) == [COMPLETE]


def test_a_failed_close_by_hand_leaves_the_day_to_the_night() -> None:
    office = Office([NIGHTLY])
    office.live_until(NIGHT - HOUR)
    office.backend.away = AWAY
    office.close_by_hand(DAY)
    office.backend.away = None

    office.live_until(NIGHT)

    assert office.closes() == [(DAY, RunState.FAILED), (DAY, RunState.SUCCEEDED)]
    assert office.letters() == []
    assert heartbeats(office) == [COMPLETE]


def test_a_day_that_is_discarded_while_the_night_goes_on_does_not_count_as_closed() -> None:
    office = Office([NIGHTLY], close_from=DAY - ONE_DAY)
    office.orders.orders.append(BROKEN)
    office.sleep_until(NIGHT)
    office.fire()
    for work in office.queue.take_due(NIGHT):
        office.queue.perform(work)
    # The broken day dies first; the other one waits meanwhile.
    first, second = sorted(office.queue.take_due(NIGHT), key=lambda work: -work.rank)
    office.queue.perform(first)
    office.dead_letters.discard([office.letters()[0].run_id], "ana", "never mind")

    office.queue.perform(second)

    assert heartbeats(office) == [FAILED]
    assert texts(office)[0].startswith("The night of 2026-11-21 failed: 2026-11-21.")


def test_a_night_that_could_not_do_its_work_has_failed() -> None:
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT)
    office.fire()
    for _ in range(4):
        office.lose_work()
        office.reconcile.reconcile()

    (text,) = texts(office)
    assert text == (
        "The night of 2026-11-21 failed: it could not find out which days are open."
        " See: aegis-batch dead-letters list"
    )


def test_the_dead_letter_of_a_deadline_check_fails_no_night() -> None:
    office = Office()
    office.live_until(NIGHT + 3 * HOUR)
    office.sleep_until(NIGHT + 4 * HOUR)
    office.fire()
    for _ in range(4):
        office.lose_work()
        office.reconcile.reconcile()
    assert [letter.job for letter in office.letters()] == [JobKind.DEADLINE]

    office.live_until(NIGHT + ONE_DAY + timedelta(minutes=1))

    assert heartbeats(office) == [COMPLETE, COMPLETE]


def test_before_any_night_a_close_says_nothing_of_nights() -> None:
    office = Office([])
    office.sleep_until(NIGHT)
    office.enqueue_close(DAY)

    office.work()

    assert office.closes() == [(DAY, RunState.SUCCEEDED)]
    assert heartbeats(office) == []


def test_nothing_is_kept_for_a_heartbeat_that_nobody_waits_for() -> None:
    office = Office(kinds=[NoticeKind.MESSAGE])

    office.live_until(NIGHT + MINUTE)

    assert office.closed_days() == [DAY]
    assert office.notices() == []


def test_a_night_for_a_time_gone_by_says_nothing_of_the_days_since() -> None:
    office = Office([NIGHTLY], close_from=None)
    office.control.trigger("daily-close", "ana", NIGHT - 3 * ONE_DAY)

    office.live_until(NOON + HOUR)
    assert heartbeats(office) == []
    office.control.trigger("daily-close", "ana")
    office.live_until(NOON + 2 * HOUR)

    assert heartbeats(office) == [COMPLETE]
    assert texts(office) == ["The night of 2026-11-20 is complete."]


def test_a_night_that_came_late_by_itself_is_told_of() -> None:
    office = Office([NIGHTLY])
    # After the midnight of the next day, and before its night.
    office.sleep_until(NIGHT + 23 * HOUR)

    office.live_until(NIGHT + 23 * HOUR)

    assert heartbeats(office) == [COMPLETE]


def test_a_night_that_is_replayed_while_its_day_is_the_newest_speaks_for_it() -> None:
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT)
    office.fire()
    for _ in range(4):
        office.lose_work()
        office.reconcile.reconcile()
    assert heartbeats(office) == [FAILED]

    office.dead_letters.replay([office.letters()[0].run_id], "ana", "mended")
    office.live_until(NIGHT + HOUR)

    assert heartbeats(office) == [FAILED, COMPLETE]


def test_a_night_is_not_complete_where_the_backfill_was_cancelled_that_had_its_day() -> None:
    office = Office([NIGHTLY])
    office.live_until(NIGHT - HOUR)
    waiting = RunRecord(
        id="run-backfill",
        trace_id="ab" * 16,
        job=JobKind.CLOSE,
        key=CloseKey("default", Period(PeriodKind.DAY, DAY)),
        trigger=Trigger.BACKFILL,
        requested_by="ana",
        state=RunState.WAITING,
        work_id="run-backfill#2",
        enqueued_at=NIGHT - HOUR,
        due_at=NIGHT + ONE_DAY,
        attempt=1,
        parent="backfill",
    )
    with office.ledger.turn() as turn:
        turn.state.runs.add(waiting)
    office.live_until(NIGHT)
    with office.ledger.turn() as turn:
        turn.cancel(waiting, "its backfill was cancelled")
    night = next(run for run in office.runs() if run.job is JobKind.NIGHT)

    after_run = AfterRun(
        NightsOfOne(office.expectation, office.backend.identity), office.backfilling
    )
    with office.ledger.turn() as turn:
        after_run.ended(turn, [night])

    assert heartbeats(office) == [FAILED]
