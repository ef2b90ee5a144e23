"""What everything that forgets old history promises."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord, TimelineEntry
from tests.integration.contract.test_executors import (
    AT_ONCE,
    an_executor,
    found,
    known,
    register,
)
from tests.integration.state_records import (
    MICROSECOND,
    NOON,
    SECOND,
    a_dead_letter,
    a_full_run,
    a_run,
    a_seal_link,
    an_audit_entry,
    an_occurrence,
)


def ended(run_id: str, seconds_ago: int) -> RunRecord:
    """Return a run that ended some seconds before noon."""
    ended_at = NOON - seconds_ago * SECOND
    return replace(
        a_full_run(run_id), state=RunState.SUCCEEDED, enqueued_at=ended_at, ended_at=ended_at
    )


def ids_of(state: State) -> set[str]:
    with state.turn() as turn:
        return {run.id for run in turn.runs.search(RunFilter(), 99)}


def test_runs_that_ended_before_an_instant_go_with_their_timelines_oldest_first(
    state: State,
) -> None:
    with state.turn() as turn:
        for age in (1, 2, 3, 4):
            turn.runs.add(ended(f"run-{age}", age))
            turn.timeline.add([TimelineEntry(f"run-{age}", NOON, "job.started", "It began.")])

    with state.turn() as turn:
        assert turn.retention.forget_runs(NOON - 2 * SECOND, 1) == 1
    assert ids_of(state) == {"run-1", "run-2", "run-3"}

    with state.turn() as turn:
        assert turn.retention.forget_runs(NOON - 2 * SECOND, 9) == 1
        assert turn.retention.forget_runs(NOON - 2 * SECOND, 9) == 0
    assert ids_of(state) == {"run-1", "run-2"}
    with state.turn() as turn:
        assert [bool(turn.timeline.of(f"run-{age}")) for age in (1, 2, 3, 4)] == [
            True,
            True,
            False,
            False,
        ]
        # An id that was forgotten is free.
        turn.runs.add(ended("run-4", 4))


def test_what_goes_on_what_became_a_dead_letter_and_the_evidence_stay(state: State) -> None:
    with state.turn() as turn:
        turn.runs.add(a_run("going", NOON - 9 * SECOND, state=RunState.WAITING))
        for standing in (DeadLetterState.OPEN, DeadLetterState.DISCARDED):
            turn.runs.add(replace(ended(standing, 9), state=RunState.FAILED))
            turn.timeline.add([TimelineEntry(standing, NOON, "job.failed", "It failed.")])
            turn.dead_letters.save(a_dead_letter(standing, state=standing))
        turn.seals.add(a_seal_link(1))
        turn.audit.add(an_audit_entry("open"))

    with state.turn() as turn:
        assert turn.retention.forget_runs(NOON, 9) == 0
        assert turn.retention.forget_occurrences(NOON, 9) == 0

    assert ids_of(state) == {"going", "open", "discarded"}
    with state.turn() as turn:
        assert len(turn.timeline.of("open")) == len(turn.timeline.of("discarded")) == 1
        assert turn.seals.last("default") == a_seal_link(1).kept()
        assert len(turn.audit.newest(9)) == 1


def test_decisions_made_before_an_instant_go_oldest_first(state: State) -> None:
    def decided(ago: timedelta, schedule: str) -> None:
        occurrence = an_occurrence(schedule=schedule)
        turn.occurrences.add(replace(occurrence, nominal=NOON + ago, decided_at=NOON - ago))

    with state.turn() as turn:
        for schedule in ("a", "b"):
            for ago in (MICROSECOND, SECOND, 2 * SECOND):
                decided(ago, schedule)

    with state.turn() as turn:
        assert turn.retention.forget_occurrences(NOON - SECOND, 1) == 1
        assert turn.retention.forget_occurrences(NOON - SECOND, 5) == 1
        assert turn.retention.forget_occurrences(NOON - SECOND, 5) == 0

    with state.turn() as turn:
        for schedule in ("a", "b"):
            assert [kept.nominal - NOON for kept in turn.occurrences.newest(schedule, 9)] == [
                SECOND,
                MICROSECOND,
            ]


def test_only_executors_that_are_gone_are_forgotten_the_longest_gone_first(state: State) -> None:
    register(
        state, an_executor(), an_executor("m/2"), an_executor("m/3", AT_ONCE), an_executor("m/4")
    )
    with state.turn() as turn:
        turn.executors.bury_silent(9)
    with state.turn() as turn:
        turn.executors.stop("m/2")
    heard = sorted((found(state, name).beaten_at, name) for name in ("m/2", "m/3"))
    gone = [at for at, _ in heard]

    with state.turn() as turn:
        assert turn.retention.forget_executors(min(gone), 9) == 0
        assert turn.retention.forget_executors(max(gone) + SECOND, 1) == 1
    assert {each.name for each in known(state)} == {"m/1", "m/4", heard[1][1]}
    with state.turn() as turn:
        assert turn.retention.forget_executors(max(gone) + SECOND, 9) == 1
        assert turn.retention.forget_executors(max(gone) + SECOND, 9) == 0

    assert {each.name for each in known(state)} == {"m/1", "m/4"}


def test_up_to_when_runs_were_forgotten_stays_known_and_never_goes_back(state: State) -> None:
    def forgotten_before() -> datetime | None:
        with state.look() as turn:
            return turn.retention.runs_forgotten_before()

    with state.turn() as turn:
        for age in (1, 2, 3, 4, 5):
            turn.runs.add(ended(f"run-{age}", age))
        assert turn.retention.forget_runs(NOON - 9 * SECOND, 9) == 0
        turn.retention.forget_occurrences(NOON, 9)
    assert forgotten_before() is None

    with state.turn() as turn:
        assert turn.retention.forget_runs(NOON - 3 * SECOND, 1) == 1
    assert forgotten_before() == NOON - 3 * SECOND

    with state.turn() as turn:
        # Runs were kept longer, or the clock went back.
        turn.runs.add(ended("run-9", 9))
        assert turn.retention.forget_runs(NOON - 4 * SECOND, 9) == 1
        assert turn.retention.forget_runs(NOON, 0) == 0
    assert forgotten_before() == NOON - 3 * SECOND

    with state.turn() as turn:
        assert turn.retention.forget_runs(NOON - SECOND + MICROSECOND, 9) == 4
    assert forgotten_before() == NOON - SECOND + MICROSECOND


def test_what_a_turn_forgot_that_was_undone_is_not_known_as_forgotten(state: State) -> None:
    with state.turn() as turn:
        turn.runs.add(ended("run-9", 9))

    def break_off() -> None:
        with state.turn() as turn:
            assert turn.retention.forget_runs(NOON, 9) == 1
            raise RuntimeError("broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        break_off()

    with state.look() as turn:
        assert turn.retention.runs_forgotten_before() is None
