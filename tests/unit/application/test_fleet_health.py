"""How the processes are that share a state on a server, this machine's first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.application.fleet_health import FleetHealth
from aegis_batch.application.health import Health
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Signs
from aegis_batch.domain.errors import StateMisfit, StateUnavailable
from tests.living import pulse_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def executor(
    name: str, seconds_ago: float, *, role: str = "serve", stopped: bool = False, hours: float = 1
) -> Executor:
    return Executor(
        name=name,
        role=role,
        version="0.1.0",
        started_at=NOW - timedelta(hours=hours),
        beaten_at=NOW - timedelta(seconds=seconds_ago),
        lease_seconds=30,
        stopped=stopped,
    )


class Registry:
    """What was found, or what went wrong."""

    def __init__(self, *executors: Executor, error: Exception | None = None) -> None:
        self._pulse = pulse_of()
        self._executors = sorted(executors, key=lambda each: each.beaten_at, reverse=True)
        self._error = error
        self.register, self.beat, self.stop, self.forget = (
            self._pulse.register,
            self._pulse.beat,
            self._pulse.stop,
            self._pulse.forget,
        )

    def signs(self, limit: int) -> Signs:
        if self._error is not None:
            raise self._error
        return Signs(NOW, self._executors[:limit])


def look(*executors: Executor) -> Health:
    return FleetHealth(Registry(*executors), "here").look()


def test_where_nobody_ever_served_nobody_is_well() -> None:
    assert look() == Health(is_well=False, reason="Nothing has served this state yet.")
    assert not FleetHealth(Registry(), "here").is_served()


def test_this_machines_process_is_judged_and_the_others_are_named() -> None:
    ours = executor("here/1", 20)

    found = look(
        ours,
        executor("there/2", 1, role="worker"),
        executor("there/3", 45, role="scheduler"),
        executor("there/4", 3, stopped=True),
        replace(executor("there/5", 300), buried=True),
    )

    assert found.is_well
    assert found.executor == ours
    assert [each.name for each in found.others] == ["there/2", "there/3"]
    assert found.reason == (
        "here/1 ticked 20 s ago. Beside it: there/2 (worker) ticked 1 s ago,"
        " there/3 (scheduler) is silent, heard 45 s ago."
    )


@pytest.mark.parametrize(
    ("role", "beside", "is_missing"),
    [
        ("scheduler", [], True),
        ("scheduler", [executor("there/2", 45, role="worker")], True),
        ("scheduler", [executor("there/2", 1, role="worker")], False),
        ("scheduler", [executor("there/2", 1)], False),
        ("worker", [], False),
    ],
)
def test_a_process_that_is_well_says_where_nobody_carries_out_what_is_due(
    role: str, beside: list[Executor], *, is_missing: bool
) -> None:
    found = look(executor("here/1", 2, role=role), *beside)

    told = "No worker is alive: until one is, what is due stays queued." in found.reason
    assert (found.is_well, told) == (True, is_missing)


@pytest.mark.parametrize(
    ("role", "beside", "is_missing"),
    [
        ("worker", [], True),
        ("control", [executor("there/2", 1, role="worker")], True),
        ("worker", [executor("there/2", 45, role="scheduler")], True),
        ("worker", [executor("there/2", 1, role="scheduler")], False),
        ("worker", [executor("there/2", 1)], False),
        ("scheduler", [], False),
    ],
)
def test_a_process_that_is_well_says_where_nobody_fires_the_schedules(
    role: str, beside: list[Executor], *, is_missing: bool
) -> None:
    found = look(executor("here/1", 2, role=role), *beside)

    told = "No scheduler is alive: until one is, no schedule fires." in found.reason
    assert (found.is_well, told) == (True, is_missing)


def test_ten_others_are_named_and_the_rest_counted() -> None:
    found = look(executor("here/1", 0), *(executor(f"there/{n}", 1) for n in range(12)))

    assert found.reason.endswith(", and 2 more.")
    assert found.reason.count("there/") == 10


def test_a_process_of_this_machine_that_is_silent_is_not_well_whoever_else_is() -> None:
    found = look(executor("here/1", 31), executor("there/2", 1))

    assert not found.is_well
    assert found.reason.startswith("here/1 has not ticked for 31 s; its last sign of life:")


def test_one_that_was_taken_for_dead_is_not_well() -> None:
    found = look(replace(executor("here/1", 90), buried=True))

    assert not found.is_well
    assert "for 90 s, and others have taken over its work;" in found.reason


def test_the_newest_of_this_machines_processes_counts() -> None:
    found = look(
        replace(executor("here/1", 90, hours=2), buried=True), executor("here/2", 3, hours=0.1)
    )

    assert found.is_well
    assert found.reason == "here/2 ticked 3 s ago."


@pytest.mark.parametrize("name", ["there/2", "hereafter/1"])
def test_a_machine_whose_process_has_not_registered_is_not_well_whoever_else_is(name: str) -> None:
    other = executor(name, 2)

    found = look(other)

    assert (found.is_well, found.executor, found.others) == (False, None, [other])
    assert found.reason == (
        "No process of here, as AEGIS_EXECUTOR_ID or the machine is called, has registered in this"
        f" state. Beside it: {name} (serve) ticked 2 s ago."
    )


def test_one_that_went_in_good_order_is_not_well_whoever_else_is() -> None:
    found = look(executor("here/1", 600, stopped=True), executor("there/2", 2))

    assert not found.is_well
    assert found.reason.startswith("here/1 stopped in good order;")
    assert found.reason.endswith("Beside it: there/2 (serve) ticked 2 s ago.")


def test_a_close_by_hand_serves_nobody() -> None:
    found = look(executor("here/hand-1", 1, role="hand"))

    assert found == Health(is_well=False, reason="Nothing has served this state yet.")


def test_a_process_that_only_carries_out_backfills_serves_nobody() -> None:
    registry = Registry(executor("here/1", 1, role="backfill"))

    assert not FleetHealth(registry, "here").is_served()
    assert not FleetHealth(registry, "here").look().is_well


@pytest.mark.parametrize(
    ("each", "is_served"),
    [
        (executor("there/1", 29), True),
        (executor("there/1", 30), False),
        (executor("there/1", 1, stopped=True), False),
        (replace(executor("there/1", 1), buried=True), False),
    ],
)
def test_a_state_is_served_where_somebody_living_is_not_silent(
    each: Executor, *, is_served: bool
) -> None:
    assert FleetHealth(Registry(each), "here").is_served() is is_served


@pytest.mark.parametrize("kind", [StateMisfit, StateUnavailable])
def test_a_state_that_cannot_be_looked_at_is_not_well(
    kind: type[StateMisfit | StateUnavailable],
) -> None:
    registry = Registry(error=kind("a_code", "What is wrong.", "What to do."))

    found = FleetHealth(registry, "here").look()

    assert found == Health(is_well=False, reason="What is wrong. What to do.")
