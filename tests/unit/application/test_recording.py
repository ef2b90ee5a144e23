"""The record of a close by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.resource_meter import InMemoryResourceMeter
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.recording import RecordCloseUseCase, RunListener
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.events import CloseStarted, NoticeDelivered
from aegis_batch.domain.outcome import CloseResult, Outcome, Problem
from aegis_batch.domain.run import CloseKey, Run, RunState, Trigger

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
RUN = Run("run-1", "ab" * 16, CloseKey("default", Period(PeriodKind.DAY, date(2026, 11, 21))))
STARTED = CloseStarted(run=RUN, at=NOW, dry_run=False)
PROBLEM = Problem("refused", "No.", "Ask.", retryable=False)


@pytest.fixture
def state() -> InMemoryState:
    return InMemoryState(InMemoryWorkQueue())


@pytest.fixture
def recording(state: InMemoryState) -> RecordCloseUseCase:
    meter = InMemoryResourceMeter()
    meter.spend(0.5, 1024)
    return RecordCloseUseCase(state, InMemoryClock(NOW), meter, "machine-1")


def test_a_close_is_kept_as_a_run_by_hand_with_its_timeline(
    state: InMemoryState, recording: RecordCloseUseCase
) -> None:
    recording.record(CloseResult(RUN, Outcome.CREATED, 2000.0), [STARTED], "maria")

    with state.turn() as turn:
        record = turn.runs.get("run-1")
        [entry] = turn.timeline.of("run-1")
    assert record is not None
    assert (record.state, record.trigger, record.requested_by) == (
        RunState.SUCCEEDED,
        Trigger.HAND,
        "maria",
    )
    assert (record.started_at, record.ended_at) == (NOW - timedelta(seconds=2), NOW)
    assert (record.cpu_seconds, record.peak_memory_bytes) == (0.5, 1024)
    assert (entry.name, entry.at, entry.text) == ("job.started", NOW, "dry_run=False")


def test_a_close_that_failed_is_kept_without_a_dead_letter(
    state: InMemoryState, recording: RecordCloseUseCase
) -> None:
    result = CloseResult(RUN, Outcome.REFUSED, 1.0, problem=PROBLEM)

    recording.record(result, [], "maria")

    with state.turn() as turn:
        record = turn.runs.get("run-1")
        assert turn.dead_letters.newest(None, 1) == []
    assert record is not None
    assert (record.state, record.problem) == (RunState.FAILED, PROBLEM)


def test_a_state_that_is_away_is_told(state: InMemoryState, recording: RecordCloseUseCase) -> None:
    state.commit_faults.append(StateUnavailable("state_x", "Away.", "Wait."))

    with pytest.raises(StateUnavailable):
        recording.record(CloseResult(RUN, Outcome.CREATED, 1.0), [STARTED], "maria")

    with state.turn() as turn:
        assert turn.runs.get("run-1") is None


def test_a_listener_keeps_the_last_events_of_runs_and_no_others() -> None:
    listener = RunListener()

    for number in range(250):
        listener.emit(CloseStarted(run=RUN, at=NOW + timedelta(seconds=number), dry_run=False))
        listener.emit(NoticeDelivered(at=NOW, key="k", attempts=1))

    assert [event.at for event in listener.events] == [
        NOW + timedelta(seconds=number) for number in range(50, 250)
    ]
