"""``serve`` and ``health`` as commands: what they print, and their exit statuses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.inbound.cli.services import ServingDesk, Staffing
from aegis_batch.adapters.inbound.serving.server import Served
from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.fleet_health import FleetHealth
from aegis_batch.application.health import HealthCheck, HealthUseCase, Holder
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.work_queue import CLOSES, JOBS, Lane
from aegis_batch.application.roles import Role
from aegis_batch.domain.errors import InvalidRequest, StateMisfit, StateUnavailable
from tests.unit.adapters.inbound.cli.unbuilt_services import UnbuiltServices

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
KITCHEN = Executor(
    name="kitchen\x1b[2J",
    role="serve",
    version="0.1.0",
    started_at=NOW - timedelta(hours=1),
    beaten_at=NOW,
    lease_seconds=30,
)


class LeftError(Exception):
    """The process would have ended here, with a status."""


@dataclass
class ServingServices(UnbuiltServices):
    """Services that serve as a test says."""

    served: Served = field(default_factory=lambda: Served(143, None, leaves_threads=False))
    clock: InMemoryClock = field(default_factory=lambda: InMemoryClock(NOW))
    staffed: list[Staffing] = field(default_factory=list)
    fleet: FleetHealth | None = None

    def __post_init__(self) -> None:
        """Keep signs of life by the clock."""
        self.pulse = InMemoryPulse(InMemoryState(InMemoryWorkQueue(), self.clock.now))

    @contextmanager
    def serving(self, staffing: Staffing) -> Iterator[ServingDesk]:
        self.staffed.append(staffing)

        def serve(stop: StopSignals) -> Served:
            assert not stop.is_stopping
            return self.served

        def leave(status: int) -> NoReturn:
            raise LeftError(status)

        yield ServingDesk(serve, leave)

    @contextmanager
    def health(self) -> Iterator[HealthCheck]:
        yield self.fleet or HealthUseCase(
            self.pulse, self.clock, lambda: Holder(KITCHEN.name, KITCHEN.started_at), 30
        )


@pytest.mark.parametrize(
    ("served", "status", "said"),
    [
        (Served(143, None, leaves_threads=False), 143, ""),
        (Served(130, None, leaves_threads=False), 130, ""),
        (
            Served(None, StateUnavailable("a", "Locked.", "Wait."), leaves_threads=False),
            7,
            "aegis-batch: Locked.\n  -> Wait.\n",
        ),
        (
            Served(143, StateMisfit("a", "Damaged.", "Restore."), leaves_threads=False),
            7,
            "aegis-batch: Damaged.\n  -> Restore.\n",
        ),
        (
            Served(None, InvalidRequest("a", "No cron.", "Write one."), leaves_threads=False),
            2,
            "aegis-batch: No cron.\n  -> Write one.\n",
        ),
    ],
)
def test_how_it_was_served_is_the_exit_status(
    served: Served, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve"], ServingServices(served)) == status

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", said)


@pytest.mark.parametrize(
    ("words", "staffing"),
    [
        (["serve"], Staffing()),
        (["scheduler"], Staffing(Role.SCHEDULER)),
        (["worker"], Staffing(Role.WORKER)),
        (["worker", "--queue", "closes@big"], Staffing(Role.WORKER, None, (Lane("closes@big"),))),
        (
            ["worker", "--concurrency", "8", "--queue", "jobs", "--queue", "closes"],
            Staffing(Role.WORKER, 8, (JOBS, CLOSES)),
        ),
    ],
)
def test_each_command_that_stays_has_its_part(words: list[str], staffing: Staffing) -> None:
    services = ServingServices()

    assert run(words, services) == 143

    assert services.staffed == [staffing]


@pytest.mark.parametrize(
    "words", [["--concurrency", "0"], ["--queue", "nights"], ["--queue", "closes@"]]
)
def test_a_worker_that_cannot_be_is_refused(words: list[str]) -> None:
    services = ServingServices()

    assert run(["worker", *words], services) == 2

    assert services.staffed == []


def test_the_processes_beside_the_one_that_is_well_are_told_to_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    services = ServingServices()
    services.pulse = InMemoryPulse(InMemoryState(InMemoryWorkQueue(), services.clock.now))
    services.pulse.register(replace(KITCHEN, name="kitchen/1"))
    services.pulse.register(replace(KITCHEN, name="bar/2", role="worker"))
    services.fleet = FleetHealth(services.pulse, "kitchen")

    assert run(["health", "--output", "json"], services) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["executor"] == "kitchen/1"
    assert told["others"] == [
        {
            "executor": "bar/2",
            "role": "worker",
            "version": "0.1.0",
            "startedAt": "2026-11-22T04:00:00Z",
            "beatenAt": "2026-11-22T05:00:00Z",
        }
    ]


def test_a_defect_is_told_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    served = Served(None, KeyError("secret"), leaves_threads=False)

    assert run(["serve"], ServingServices(served)) == 70

    captured = capsys.readouterr()
    assert "This is a defect of aegis-batch: KeyError" in captured.err
    assert "secret" not in captured.err


def test_where_threads_are_left_the_process_is_ended(capsys: pytest.CaptureFixture[str]) -> None:
    served = Served(143, None, leaves_threads=True)

    assert run(["serve"], ServingServices(served)) == 70

    assert "LeftError" in capsys.readouterr().err


def test_health_is_told_to_people_in_one_line_that_is_safe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    services = ServingServices()
    services.pulse.register(KITCHEN)

    assert run(["health"], services) == 0

    assert capsys.readouterr().out == "kitchen\\x1b[2J ticked 0 s ago.\n"


def test_health_is_told_to_programs_as_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    services = ServingServices()
    services.pulse.register(KITCHEN)

    assert run(["health", "--output", "json"], services) == 0

    assert json.loads(capsys.readouterr().out) == {
        "isWell": True,
        "reason": "kitchen\x1b[2J ticked 0 s ago.",
        "executor": "kitchen\x1b[2J",
        "version": "0.1.0",
        "startedAt": "2026-11-22T04:00:00Z",
        "beatenAt": "2026-11-22T05:00:00Z",
        "others": [],
    }


def test_a_process_that_is_not_well_is_something_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["health", "--output", "json"], ServingServices()) == 1

    told = json.loads(capsys.readouterr().out)
    assert told["isWell"] is False
    assert told["reason"] == "A process is starting."
    assert told["executor"] is None
