"""Whether a process that serves is well, by its signs of life and by who holds the state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.application.health import Health, HealthUseCase, Holder
from aegis_batch.application.ports.executors import Executor
from aegis_batch.domain.errors import StateMisfit, StateUnavailable
from tests.living import pulse_of

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
BEAT = Executor(
    name="kitchen",
    role="serve",
    version="0.1.0",
    started_at=NOW - timedelta(hours=1),
    beaten_at=NOW - timedelta(seconds=8),
    lease_seconds=30,
)


HOLDER = Holder("kitchen", BEAT.started_at)
# Of another executor, whose clock is two hours ahead.
AHEAD = replace(BEAT, name="bar", beaten_at=NOW + timedelta(hours=2))


def look(*beats: Executor | None, holder: Holder | None = HOLDER) -> Health:
    pulse = pulse_of(*(beat for beat in beats if beat is not None))
    return HealthUseCase(pulse, InMemoryClock(NOW), lambda: holder, 30).look()


@pytest.mark.parametrize("is_held", [False, True])
def test_a_state_is_served_as_long_as_a_live_process_holds_it(*, is_held: bool) -> None:
    use_case = HealthUseCase(
        pulse_of(), InMemoryClock(NOW), lambda: HOLDER if is_held else None, 30
    )

    assert use_case.is_served() is is_held


def test_who_holds_the_state_and_has_ticked_lately_is_well() -> None:
    assert look(BEAT) == Health(True, "kitchen ticked 8 s ago.", BEAT)  # noqa: FBT003


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
    beat: Executor | None,
    is_held: bool,  # noqa: FBT001 - a table's row
    reason: str,
) -> None:
    found = look(beat, holder=HOLDER if is_held else None)

    assert not found.is_well
    assert reason in found.reason
    assert found.executor == beat


def test_a_clock_that_was_set_back_a_little_makes_nobody_ill() -> None:
    found = look(replace(BEAT, beaten_at=NOW + timedelta(seconds=30)))

    assert (found.is_well, found.reason) == (True, "kitchen ticked 0 s ago.")


def test_a_sign_from_the_future_is_no_fresh_one() -> None:
    found = look(replace(BEAT, beaten_at=NOW + timedelta(seconds=31)))

    assert not found.is_well
    assert found.reason.startswith("The process has not ticked since the clock was set back;")


def test_the_signs_of_another_executor_make_nobody_well() -> None:
    silent = replace(BEAT, beaten_at=NOW - timedelta(minutes=5))

    found = look(AHEAD, silent)

    assert (found.is_well, found.executor) == (False, silent)
    assert "has not ticked for 300 s" in found.reason


def test_the_signs_of_another_executor_make_nobody_ill() -> None:
    assert look(AHEAD, BEAT).is_well


@pytest.mark.parametrize(
    "holder",
    [
        Holder("kitchen", NOW),
        Holder("new", BEAT.started_at + timedelta(minutes=1)),
        Holder(),
    ],
    ids=["again", "another", "yet to be seen"],
)
def test_the_sign_of_a_process_from_before_is_not_that_of_the_one_which_starts(
    holder: Holder,
) -> None:
    found = look(BEAT, holder=holder)

    assert (found.is_well, found.executor) == (False, BEAT)
    assert found.reason.startswith("A process is starting or has just stopped;")


@pytest.mark.parametrize(
    ("then", "reason"),
    [(None, "No process serves this state"), (Holder("kitchen", NOW), "A process is starting")],
)
def test_a_process_that_ends_while_it_is_looked_at_is_not_taken_for_a_live_one(
    then: Holder | None, reason: str
) -> None:
    pulse = pulse_of(BEAT)
    holders = [then, HOLDER]

    found = HealthUseCase(pulse, InMemoryClock(NOW), holders.pop, 30).look()

    assert not found.is_well
    assert found.reason.startswith(reason)


@pytest.mark.parametrize("kind", [StateMisfit, StateUnavailable])
def test_a_state_that_cannot_be_looked_at_is_not_well(
    kind: type[StateMisfit | StateUnavailable],
) -> None:
    def find_holder() -> Holder | None:
        raise kind("a_code", "What is wrong.", "What to do.")

    found = HealthUseCase(pulse_of(), InMemoryClock(NOW), find_holder, 30).look()

    assert found == Health(False, "What is wrong. What to do.")  # noqa: FBT003


def test_a_process_that_only_carries_out_backfills_makes_nobody_well() -> None:
    found = look(replace(BEAT, role="backfill"))

    assert found == Health(False, "A process is starting.")  # noqa: FBT003
