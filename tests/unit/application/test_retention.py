"""History that is old is forgotten, in small batches, and nothing else is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.job_events import JobCompleted
from aegis_batch.domain.run import JobKind, RunState
from tests.living import a_heartbeat
from tests.unit.application.office import (
    DAY,
    HOUR,
    NIGHTLY,
    NOON,
    ONE_DAY,
    RETENTION,
    Office,
)

NIGHT = NOON + 14 * HOUR


def test_after_two_months_a_month_of_history_is_kept_and_every_seal() -> None:
    office = Office([NIGHTLY, RETENTION])

    office.live_until(NIGHT + 60 * ONE_DAY)

    ended = [run.ended_at for run in office.runs() if run.ended_at is not None]
    # Retention runs two hours after the night, so that the last one was a day ago.
    assert min(ended) >= office.clock.now() - 31 * ONE_DAY
    assert len([run for run in office.runs() if run.job is JobKind.CLOSE]) == 31
    assert len(office.backend.stored) == 61
    with office.state.turn() as turn:
        last = turn.seals.last("default")
        decisions = turn.occurrences.newest("daily-close", 99)
    assert last is not None
    assert last.number == 61
    assert len(decisions) == 31
    assert office.letters() == []


def test_it_goes_in_batches_with_a_pause_between_them_and_tells_how_much_went() -> None:
    office = Office([NIGHTLY])
    office.live_until(NIGHT + 12 * ONE_DAY)
    office.restart([NIGHTLY, replace(RETENTION)])
    before = len(office.runs())
    office.sleep_until(NIGHT + 44 * ONE_DAY)

    office.live_until(NIGHT + 44 * ONE_DAY + 3 * HOUR)

    told = [
        event.told
        for event in office.events(JobCompleted)
        if isinstance(event, JobCompleted) and event.job is JobKind.RETENTION
    ]
    assert before == 26
    assert told[0].startswith("26 runs and 13 decisions from before 2026-12-06")
    # Two full batches of runs and one of decisions.
    assert len(office.pauses) == 3


@given(ages=st.lists(st.integers(0, 60), max_size=30))
def test_exactly_what_is_older_goes(ages: list[int]) -> None:
    office = Office([RETENTION])
    office.close_by_hand(DAY - ONE_DAY)
    (template,) = office.runs()
    with office.state.turn() as turn:
        for place, age in enumerate(ages):
            ended_at = NOON - age * ONE_DAY
            turn.runs.add(replace(template, id=f"run-{place}", ended_at=ended_at))

    # At four in the morning, thirteen hours after noon in UTC and more.
    office.live_until(NIGHT + 3 * HOUR)

    kept = {run.id for run in office.runs() if run.id.startswith("run-")}
    assert kept == {f"run-{place}" for place, age in enumerate(ages) if age < 30}
    assert all(run.state is RunState.SUCCEEDED for run in office.runs())


def test_what_is_left_after_so_many_batches_goes_the_next_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = Office([RETENTION])
    office.close_by_hand(DAY - ONE_DAY)
    (template,) = office.runs()
    with office.state.turn() as turn:
        for place in range(15):
            old = replace(template, id=f"run-{place}", ended_at=NOON - 40 * ONE_DAY)
            turn.runs.add(old)
    monkeypatch.setattr("aegis_batch.application.retention._BATCHES_MAX", 1)

    def left() -> int:
        return sum(run.id.startswith("run-") for run in office.runs())

    office.live_until(NIGHT + 3 * HOUR)
    assert left() == 5
    office.live_until(NIGHT + 3 * HOUR + ONE_DAY)
    assert left() == 0


def test_processes_that_are_long_gone_are_forgotten_and_those_that_live_are_not() -> None:
    office = Office([RETENTION])
    gone, living = (a_heartbeat(office.pulse, office.clock, name) for name in ("gone", "living"))
    for each in (gone, living):
        assert each.beat()
    gone.stop()

    office.live_until(NOON + 6 * ONE_DAY)
    assert {"gone", "living"} <= {each.name for each in office.pulse.signs(9).executors}
    office.live_until(NOON + 9 * ONE_DAY)

    named = {each.name for each in office.pulse.signs(9).executors}
    assert "gone" not in named
    assert "living" in named
