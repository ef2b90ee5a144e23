"""What ``close`` has recorded of itself, and that it ends as it does whatever becomes of that."""

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.inbound.cli.stopping import Stopped
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.domain.errors import BackendRefused
from aegis_batch.domain.outcome import Outcome
from tests.unit.adapters.inbound.cli.test_close import InMemoryServices


@pytest.fixture
def services() -> InMemoryServices:
    return InMemoryServices()


def test_a_close_is_recorded_with_what_happened_in_it(services: InMemoryServices) -> None:
    assert run(["close", "--date", "2026-11-21"], services) == 0

    [(result, events)] = services.recorded
    assert (result.run.id, result.outcome) == ("run-1", Outcome.CREATED)
    assert result.seal is not None
    assert events[0] == "job.started"
    assert events[-1] == "job.completed"
    assert "orders.read" in events


def test_a_close_that_failed_is_recorded_too(services: InMemoryServices) -> None:
    services.gateway.submit_faults.append(BackendRefused("refused", "No.", "Ask.", 422, 1))

    assert run(["close", "--date", "2026-11-21"], services) == 4

    [(result, events)] = services.recorded
    assert (result.outcome, events[-1]) == (Outcome.REFUSED, "job.failed")


def test_a_close_that_was_stopped_is_recorded_as_such(
    services: InMemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit(*told: object) -> Receipt:
        del told
        raise Stopped(15)

    monkeypatch.setattr(services.gateway, "submit", submit)

    assert run(["close", "--date", "2026-11-21"], services) == 143

    [(result, _)] = services.recorded
    assert result.problem is not None
    assert result.problem.code == "stopped"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--date", "2026-11-21", "--dry-run"],
        ["--date", "2026-11-30"],
        ["--date", "x"],
    ],
    ids=" ".join,
)
def test_what_closes_nothing_is_not_recorded(
    services: InMemoryServices, arguments: list[str]
) -> None:
    run(["close", *arguments], services)

    assert services.recorded == []


def test_a_stop_while_it_is_recorded_leaves_the_close_as_it_ended(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    services.fault_in_recording = Stopped(15)

    assert run(["close", "--date", "2026-11-21", "--output", "json"], services) == 0
    assert '"outcome":"created"' in capfd.readouterr().out
