"""What every keeper of signs of life promises."""

from dataclasses import replace

import pytest

from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.state.pulse import SqlPulse
from aegis_batch.application.ports.pulse import Beat, Pulse
from tests.integration.state_files import StateFiles
from tests.integration.state_records import MICROSECOND, NOON, SECOND

BEAT = Beat("machine-1", "0.1.0", NOON - SECOND, NOON)


@pytest.fixture(params=["memory", "sqlite"])
def pulse(request: pytest.FixtureRequest, state_files: StateFiles) -> Pulse:
    return InMemoryPulse() if request.param == "memory" else SqlPulse(state_files.open())


def test_before_the_first_sign_of_life_there_is_none(pulse: Pulse) -> None:
    assert pulse.last() is None


def test_the_last_sign_of_an_executor_stands_for_it(pulse: Pulse) -> None:
    pulse.beat(BEAT)
    assert pulse.last() == BEAT
    stopped = replace(BEAT, beaten_at=NOON + MICROSECOND, stopped=True)

    pulse.beat(stopped)

    assert pulse.last() == stopped


def test_of_several_executors_the_newest_sign_counts(pulse: Pulse) -> None:
    newest = replace(BEAT, executor="machine-0", beaten_at=NOON + MICROSECOND)
    for beat in (BEAT, newest, replace(BEAT, executor="machine-2")):
        pulse.beat(beat)

    assert pulse.last() == newest


def test_each_executor_has_a_sign_of_its_own(pulse: Pulse) -> None:
    another = replace(BEAT, executor="machine-0", beaten_at=NOON + SECOND)
    pulse.beat(BEAT)
    pulse.beat(another)

    found = [pulse.of(name) for name in ("machine-0", "machine-1", "machine-2")]

    assert found == [another, BEAT, None]


def test_an_executor_whose_clock_went_back_has_the_sign_it_gave_last(pulse: Pulse) -> None:
    pulse.beat(BEAT)
    pulse.beat(replace(BEAT, beaten_at=NOON - MICROSECOND))

    assert pulse.last() == replace(BEAT, beaten_at=NOON - MICROSECOND)


def test_another_process_sees_it_while_a_turn_is_open(state_files: StateFiles) -> None:
    database = state_files.open()
    SqlPulse(database).beat(BEAT)

    with database.writing():
        assert SqlPulse(state_files.open()).last() == BEAT
