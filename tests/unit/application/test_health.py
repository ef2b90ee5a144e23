"""Whether a process that serves is well, by its signs of life and by who holds the state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.application.health import Health, HealthUseCase
from aegis_batch.application.ports.pulse import Beat
from aegis_batch.domain.errors import StateMisfit, StateUnavailable

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
BEAT = Beat("kitchen", "0.1.0", NOW - timedelta(hours=1), NOW - timedelta(seconds=8))


def look(beat: Beat | None, *, is_held: bool) -> Health:
    pulse = InMemoryPulse()
    if beat is not None:
        pulse.beat(beat)
    return HealthUseCase(pulse, InMemoryClock(NOW), lambda: is_held, 30).look()


@pytest.mark.parametrize("is_held", [False, True])
def test_a_state_is_served_as_long_as_a_live_process_holds_it(*, is_held: bool) -> None:
    use_case = HealthUseCase(InMemoryPulse(), InMemoryClock(NOW), lambda: is_held, 30)

    assert use_case.is_served() is is_held


def test_who_holds_the_state_and_has_ticked_lately_is_well() -> None:
    assert look(BEAT, is_held=True) == Health(True, "kitchen ticked 8 s ago.", BEAT)  # noqa: FBT003


@pytest.mark.parametrize(
    ("beat", "is_held", "reason"),
    [
        (None, False, "Nothing has served this state yet."),
        (None, True, "A process is starting."),
        (BEAT, False, "kitchen, 2026-11-22 04:59:52 UTC: it ended without a word."),
        (replace(BEAT, stopped=True), False, "04:59:52 UTC: it stopped in good order."),
        (replace(BEAT, stopped=True), True, "A process is starting or has just stopped;"),
        (
            replace(BEAT, beaten_at=NOW - timedelta(seconds=31)),
            True,
            "The process has not ticked for 31 s;",
        ),
    ],
)
def test_anything_else_is_not_well_and_has_its_reason(
    beat: Beat | None,
    is_held: bool,  # noqa: FBT001 - a table's row
    reason: str,
) -> None:
    found = look(beat, is_held=is_held)

    assert not found.is_well
    assert reason in found.reason
    assert found.beat == beat


def test_a_clock_that_was_set_back_makes_nobody_ill() -> None:
    found = look(replace(BEAT, beaten_at=NOW + timedelta(hours=1)), is_held=True)

    assert (found.is_well, found.reason) == (True, "kitchen ticked 0 s ago.")


@pytest.mark.parametrize("kind", [StateMisfit, StateUnavailable])
def test_a_state_that_cannot_be_looked_at_is_not_well(
    kind: type[StateMisfit | StateUnavailable],
) -> None:
    def is_held() -> bool:
        raise kind("a_code", "What is wrong.", "What to do.")

    found = HealthUseCase(InMemoryPulse(), InMemoryClock(NOW), is_held, 30).look()

    assert found == Health(False, "What is wrong. What to do.")  # noqa: FBT003
