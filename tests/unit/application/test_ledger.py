"""What is kept and what is told are one: after the commit, and never without it."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from aegis_batch.application.day_standing import Standing, standing_of
from aegis_batch.application.ledger import attempt_of, first_work_id
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.timeline_text import timeline_text
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.job_events import (
    DayOverdue,
    JobDispatched,
    JobRetried,
    JobTaken,
    NoticeDelivered,
)
from aegis_batch.domain.run import CloseKey, JobKind, Run, Trigger
from aegis_batch.domain.run_record import IllegalMoveError
from tests.unit.application.office import (
    AWAY,
    BROKEN,
    DAY,
    HOUR,
    NIGHTLY,
    NOON,
    ONE_DAY,
    Office,
    key_of,
)

NIGHT = NOON + 14 * HOUR
RUN = Run("run 1", "1" * 32, key_of(DAY))


def overdue(why: str = "no run has closed it") -> DayOverdue:
    return DayOverdue(run=RUN, at=NOON, day=DAY, why=why)


def test_an_event_is_told_after_the_commit_and_never_without_it() -> None:
    office = Office([])
    with office.ledger.turn() as turn:
        turn.tell(overdue())
        assert office.sink.events == []
    assert office.sink.events == [overdue()]

    office.state.commit_faults.append(StateUnavailable("state_full", "Full.", "Make room."))
    with pytest.raises(StateUnavailable), office.ledger.turn() as turn:
        turn.tell(overdue("and again"))
    assert office.sink.events == [overdue()]


def test_only_what_is_of_a_run_is_put_into_a_timeline() -> None:
    office = Office([])
    with office.ledger.turn() as turn:
        turn.tell(NoticeDelivered(at=NOON, key="a", attempts=1))
        turn.tell(overdue())
    with office.state.look() as state:
        entries = state.timeline.of(RUN.id)

    assert [entry.name for entry in entries] == ["day.overdue"]


def test_older_days_go_first_whatever_was_enqueued_when() -> None:
    office = Office([])
    office.sleep_until(NIGHT + ONE_DAY)
    office.enqueue_close(DAY + ONE_DAY)
    office.enqueue_close(DAY)

    office.work()

    assert office.closed_days() == [DAY, DAY + ONE_DAY]


def test_a_run_that_has_ended_moves_no_more() -> None:
    office = Office()
    office.live_until(NIGHT)
    done = office.runs(JobKind.CLOSE)[0]

    with office.ledger.turn() as turn:
        cancel = turn.cancel_as_asked
        for move in (turn.release, cancel, lambda run: turn.try_again(run, NIGHT, "x")):
            with pytest.raises(IllegalMoveError):
                move(done)

    assert office.run(done.id) == done


def test_work_says_which_attempt_it_is_also_where_it_was_queued_anew() -> None:
    assert attempt_of(first_work_id("a#b")) == 1
    assert attempt_of("a#12.3") == 12


# Where days stand


def test_a_day_stands_where_its_runs_have_left_it() -> None:
    office = Office([])
    office.sleep_until(NIGHT)
    key = key_of(DAY)

    def standing() -> tuple[Standing, str]:
        with office.state.turn() as turn:
            found = standing_of(turn, key, office.backend.identity)
        return found.standing, found.why

    assert standing() == (Standing.UNKNOWN, "no run has closed it")
    run_id = office.enqueue_close(DAY)
    assert standing() == (Standing.IN_FLIGHT, f"its run {run_id} is queued")
    office.backend.away = AWAY
    office.work()
    assert standing() == (Standing.IN_FLIGHT, f"its run {run_id} is waiting, after timeout")
    office.backend.away = None
    office.orders.orders.append(BROKEN)
    office.live_until(NIGHT + HOUR)
    assert standing() == (Standing.DEAD, f"its run {run_id} is a dead letter (orders_rejected)")
    office.orders.orders.clear()
    office.close_by_hand(DAY)
    assert standing() == (Standing.CLOSED, "it is closed")
    office.dead_letters.discard([run_id], "ana", "closed by hand")
    assert standing() == (Standing.CLOSED, "it is closed")


def test_a_close_by_hand_at_another_backend_has_not_settled_a_dead_letter() -> None:
    office = Office([NIGHTLY])
    office.orders.orders.append(BROKEN)
    office.live_until(NIGHT + HOUR)
    office.orders.orders.clear()

    office.backend.identity = "another"
    office.close_by_hand(DAY)

    (letter,) = office.letters()
    with office.state.turn() as turn:
        here = standing_of(turn, key_of(DAY), "memory")
        there = standing_of(turn, key_of(DAY), "another")
    assert (here.standing, there.standing) == (Standing.DEAD, Standing.CLOSED)
    assert letter.run_id in here.why


def test_a_day_of_which_nobody_kept_where_it_was_closed_is_unknown() -> None:
    office = Office()
    office.live_until(NIGHT)
    closed = office.runs(JobKind.CLOSE)[0]
    with office.ledger.turn() as turn:
        turn.state.runs.save(replace(closed, backend=None))

    with office.state.turn() as turn:
        found = standing_of(turn, key_of(DAY), office.backend.identity)

    why = "it was closed, but not where reports are kept now"
    assert (found.standing, found.why) == (Standing.UNKNOWN, why)


def test_the_days_of_another_shop_say_nothing_of_this_one() -> None:
    office = Office()
    office.live_until(NIGHT)

    with office.state.turn() as turn:
        found = standing_of(turn, CloseKey("another", Period(PeriodKind.DAY, DAY)), "memory")

    assert found.standing is Standing.UNKNOWN


# Timelines


def test_an_event_is_told_by_its_own_fields_without_those_that_it_lacks() -> None:
    at = datetime(2026, 11, 22, 5, tzinfo=UTC)
    taken = JobTaken(
        run=RUN, at=at, job=JobKind.CLOSE, attempt=2, queued_ms=1_234.56, lateness_ms=None
    )
    retried = JobRetried(
        run=RUN, at=at, job=JobKind.CLOSE, attempt=1, code="timeout", due_at=at + HOUR
    )

    assert timeline_text(taken) == "job=close attempt=2 queued_ms=1234.6"
    assert timeline_text(retried) == (
        "job=close attempt=1 code=timeout due_at=2026-11-22T06:00:00+00:00"
    )
    assert timeline_text(overdue()) == "day=2026-11-21 why=no run has closed it"


def test_text_from_outside_stays_one_line_of_bounded_length() -> None:
    dispatched = JobDispatched(
        run=RUN,
        at=NOON,
        job=JobKind.NIGHT,
        trigger=Trigger.HAND,
        requested_by="ana\n\x1b[2Jbob",
        due_at=NOON,
    )

    assert "requested_by=ana\\n\\x1b[2Jbob" in timeline_text(dispatched)
    assert len(timeline_text(overdue("\n" * 5_000))) == 500
    assert timeline_text(overdue("\n" * 5_000)).isprintable()
    assert timeline_text(overdue("\n" * 5_000)).endswith("n\u2026")


def test_a_listener_hears_attempts_that_are_under_way_and_nothing_else() -> None:
    listener = AttemptListener()
    listener.emit(overdue("before"))
    listener.begin(RUN.id)
    listener.emit(overdue("within"))
    listener.emit(NoticeDelivered(at=NOON, key="a", attempts=1))
    listener.emit(DayOverdue(run=replace(RUN, id="run 2"), at=NOON, day=DAY, why="another"))

    assert listener.end(RUN.id) == (overdue("within"),)
    assert listener.end(RUN.id) == ()
    listener.emit(overdue("after"))
    assert listener.end(RUN.id) == ()


def test_of_an_endless_attempt_the_last_events_are_kept() -> None:
    listener = AttemptListener()
    listener.begin(RUN.id)
    days = [date(2026, 1, 1) + place * ONE_DAY for place in range(250)]
    for day in days:
        listener.emit(replace(overdue(), day=day))

    heard = [event.day for event in listener.end(RUN.id) if isinstance(event, DayOverdue)]
    assert heard == days[50:]
