"""``serve`` and ``health`` as commands: what they print, and their exit statuses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.inbound.cli.services import ServingDesk
from aegis_batch.adapters.inbound.serving.server import Served
from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.application.health import HealthUseCase, Holder
from aegis_batch.application.ports.pulse import Beat
from aegis_batch.domain.errors import InvalidRequest, StateMisfit, StateUnavailable
from tests.unit.adapters.inbound.cli.unbuilt_services import UnbuiltServices

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
BEAT = Beat("kitchen\x1b[2J", "0.1.0", NOW - timedelta(hours=1), NOW)


class LeftError(Exception):
    """The process would have ended here, with a status."""


@dataclass
class ServingServices(UnbuiltServices):
    """Services that serve as a test says."""

    served: Served = field(default_factory=lambda: Served(143, None, leaves_threads=False))
    clock: InMemoryClock = field(default_factory=lambda: InMemoryClock(NOW))
    pulse: InMemoryPulse = field(default_factory=InMemoryPulse)

    @contextmanager
    def serving(self) -> Iterator[ServingDesk]:
        def serve(stop: StopSignals) -> Served:
            assert not stop.is_stopping
            return self.served

        def leave(status: int) -> NoReturn:
            raise LeftError(status)

        yield ServingDesk(serve, leave)

    @contextmanager
    def health(self) -> Iterator[HealthUseCase]:
        yield HealthUseCase(
            self.pulse, self.clock, lambda: Holder(BEAT.executor, BEAT.started_at), 30
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
    services.pulse.beat(BEAT)

    assert run(["health"], services) == 0

    assert capsys.readouterr().out == "kitchen\\x1b[2J ticked 0 s ago.\n"


def test_health_is_told_to_programs_as_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    services = ServingServices()
    services.pulse.beat(BEAT)

    assert run(["health", "--output", "json"], services) == 0

    assert json.loads(capsys.readouterr().out) == {
        "isWell": True,
        "reason": "kitchen\x1b[2J ticked 0 s ago.",
        "executor": "kitchen\x1b[2J",
        "version": "0.1.0",
        "startedAt": "2026-11-22T04:00:00Z",
        "beatenAt": "2026-11-22T05:00:00Z",
    }


def test_a_process_that_is_not_well_is_something_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["health", "--output", "json"], ServingServices()) == 1

    told = json.loads(capsys.readouterr().out)
    assert told["isWell"] is False
    assert told["reason"] == "A process is starting."
    assert told["executor"] is None
