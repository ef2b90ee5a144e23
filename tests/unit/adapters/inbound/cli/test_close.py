"""The ``close`` command over the in-memory adapters: output, exit status, every way to fail."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.inbound.cli.stopping import Stopped
from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import (
    AegisError,
    AnswerLost,
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
    OrdersMisfit,
    OrdersUnreachable,
)
from aegis_batch.domain.events import RunEvent
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.seal import Versions
from tests.unit.adapters.inbound.cli.unbuilt_services import UnbuiltServices

KEYS = [
    "outcome",
    "tenant",
    "period",
    "reportDate",
    "lastDate",
    "window",
    "report",
    "alreadyClosed",
    "seal",
    "violations",
    "submission",
    "error",
    "durationMs",
    "runId",
    "traceId",
]
NOON = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
SOUP = PlacedOrder(
    datetime(2026, 11, 21, 15, 0, tzinfo=UTC),
    Order("17", Decimal("41.0"), (OrderLine("S\x1b[2Joup", Decimal(2), Decimal("20.50")),)),
)
NEGATIVE = PlacedOrder(datetime(2026, 11, 20, 15, 0, tzinfo=UTC), Order("9", Decimal(-1), ()))


class InMemoryServices(UnbuiltServices):
    """The services of the command line over in-memory adapters, with one fault to raise."""

    def __init__(self) -> None:
        self.clock = InMemoryClock(NOON)
        self.gateway = InMemoryReportGateway()
        self.orders = InMemoryOrderReader([SOUP, NEGATIVE])
        self.asks_in_rehearsals = False
        self.fault: BaseException | None = None
        self.fault_at_end: BaseException | None = None
        self.fault_in_recording: BaseException | None = None
        self.recorded: list[tuple[CloseResult, list[str]]] = []
        self.fault_of_telling: BaseException | None = None
        self.unbegun: list[tuple[str, str, Outcome, str]] = []

    @contextmanager
    def daily_close(
        self,
        *,
        dry_run: bool,
        environ: Mapping[str, str] | None = None,  # noqa: ARG002 - the Protocol has it
        listener: MetricsSink | None = None,
    ) -> Iterator[DailyCloseUseCase]:
        if self.fault is not None:
            raise self.fault
        zone = "America/Sao_Paulo"
        yield DailyCloseUseCase(
            self.orders,
            None if dry_run and not self.asks_in_rehearsals else self.gateway,
            self.clock,
            listener or InMemoryMetricsSink(),
            ReportPolicy(
                InMemoryCalendars(Calendar(load_zone(zone), zone)), Rules(), Versions("1", "2", "3")
            ),
        )
        if self.fault_at_end is not None:
            raise self.fault_at_end

    def record_close(self, result: CloseResult, events: Sequence[RunEvent]) -> None:
        if self.fault_in_recording is not None:
            raise self.fault_in_recording
        self.recorded.append((result, [event.name for event in events]))

    def tell_unbegun(self, request: CloseRequest, outcome: Outcome, code: str) -> None:
        self.unbegun.append((request.run_id, request.trace_id, outcome, code))
        if self.fault_of_telling is not None:
            raise self.fault_of_telling


@pytest.fixture
def services() -> InMemoryServices:
    return InMemoryServices()


Close = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture
def close_json(services: InMemoryServices, capfdbinary: pytest.CaptureFixture[bytes]) -> Close:
    def close(*arguments: str) -> tuple[int, dict[str, object]]:
        status = run(["close", "--output", "json", *arguments], services)
        lines = capfdbinary.readouterr().out.splitlines()
        assert len(lines) == 1
        told = json.loads(lines[0])
        assert list(told) == KEYS
        return status, told

    return close


def test_a_close_tells_everything_as_one_object(close_json: Close) -> None:
    status, told = close_json("--date", "2026-11-21")
    assert status == 0
    assert told["outcome"] == "created"
    assert told["window"] == {"start": "2026-11-21T03:00:00Z", "end": "2026-11-22T03:00:00Z"}
    assert told["alreadyClosed"] is False
    assert told["submission"] == {"attempts": 1, "status": 201}
    assert told["error"] is None
    assert told["report"] == {
        "reportDate": "2026-11-21",
        "totalOrders": 1,
        "totalRevenue": 41.0,
        "topItems": [{"name": "S\x1b[2Joup", "qty": 2}],
    }
    seal = told["seal"]
    assert isinstance(seal, dict)
    assert seal["itemsSold"] == 2
    assert seal["readAt"] == "2026-11-22T15:00:00Z"
    assert (seal["program"], seal["tzdata"], seal["unicode"]) == ("1", "2", "3")
    assert (told["runId"], told["traceId"]) == ("run-1", "ab" * 16)


def test_the_report_stands_in_the_object_with_its_cents(
    services: InMemoryServices, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    run(["close", "--output", "json"], services)
    assert b'"totalRevenue":41.00,' in capfdbinary.readouterr().out


def test_yesterday_is_closed_unless_a_day_is_named(close_json: Close) -> None:
    assert close_json()[1]["reportDate"] == "2026-11-21"


def test_a_second_close_finds_the_first(close_json: Close, services: InMemoryServices) -> None:
    close_json()
    status, told = close_json()
    assert status == 0
    assert told["outcome"] == "already_closed"
    assert told["alreadyClosed"] is True
    assert told["seal"] is None
    assert isinstance(told["report"], dict)
    assert len(services.gateway.bodies) == 1


def test_broken_orders_are_named_and_nothing_is_sent(
    close_json: Close, services: InMemoryServices
) -> None:
    status, told = close_json("--date", "2026-11-20")
    assert status == 3
    assert told["outcome"] == "rejected"
    assert told["violations"] == [
        {"rule": "negative_total", "action": "reject", "count": 1, "orders": ["9"]},
        {"rule": "empty_order", "action": "warn", "count": 1, "orders": ["9"]},
        {"rule": "line_total_mismatch", "action": "warn", "count": 1, "orders": ["9"]},
    ]
    assert services.gateway.bodies == []


TEXTS = ("code", "Message.", "Remedy.")


@pytest.mark.parametrize(
    ("fault", "outcome", "status"),
    [
        (BackendRefused(*TEXTS), "refused", 4),
        (BackendUnavailable(*TEXTS), "unavailable", 5),
    ],
)
def test_a_backend_that_fails_has_its_outcome_and_status(
    close_json: Close, services: InMemoryServices, fault: AegisError, outcome: str, status: int
) -> None:
    services.gateway.find_faults.append(fault)
    found, told = close_json()
    assert (found, told["outcome"]) == (status, outcome)
    assert told["error"] == {
        "code": "code",
        "message": "Message.",
        "remedy": "Remedy.",
        "retryable": fault.retryable,
    }


def test_a_lost_answer_that_is_found_afterwards_has_no_status(
    close_json: Close, services: InMemoryServices
) -> None:
    services.gateway.submit_faults.append(AnswerLost(*TEXTS, attempts=3))
    status, told = close_json()
    assert (status, told["outcome"]) == (0, "already_closed")
    assert told["submission"] == {"attempts": 3, "status": None}


@pytest.mark.parametrize(
    ("fault", "outcome", "status"),
    [
        (InvalidRequest(*TEXTS), "invalid", 2),
        (OrdersMisfit(*TEXTS), "unreadable", 6),
        (OrdersUnreachable(*TEXTS), "unreadable", 6),
        (RuntimeError("secret inside"), "defect", 70),
        (Stopped(15), "unavailable", 143),
        (Stopped(2), "unavailable", 130),
    ],
)
def test_what_ends_before_the_run_is_told_as_one_object_too(
    close_json: Close,
    services: InMemoryServices,
    fault: BaseException,
    outcome: str,
    status: int,
) -> None:
    services.fault = fault
    found, told = close_json("--date", "2026-11-21")
    assert (found, told["outcome"]) == (status, outcome)
    assert told["reportDate"] == "2026-11-21"
    assert "secret inside" not in json.dumps(told)


@pytest.mark.parametrize("fault_of_telling", [None, RuntimeError("no"), Stopped(15)])
@pytest.mark.parametrize(
    ("fault", "status", "outcome", "code"),
    [
        (InvalidRequest(*TEXTS), 2, Outcome.INVALID, "code"),
        (RuntimeError("secret inside"), 70, Outcome.DEFECT, "defect"),
    ],
)
def test_logs_and_telemetry_are_told_of_a_close_that_cant_begin_whatever_becomes_of_it(  # noqa: PLR0913, PLR0917 - a table's row
    close_json: Close,
    services: InMemoryServices,
    fault: Exception,
    status: int,
    outcome: Outcome,
    code: str,
    fault_of_telling: BaseException | None,
) -> None:
    services.fault = fault
    services.fault_of_telling = fault_of_telling

    found, told = close_json()

    assert (found, told["outcome"]) == (status, outcome.value)
    assert services.unbegun == [(told["runId"], told["traceId"], outcome, code)]


def test_a_close_that_began_tells_of_itself(close_json: Close, services: InMemoryServices) -> None:
    close_json("--date", "2026-11-22")
    services.fault_at_end = RuntimeError("at the end")
    close_json()

    assert services.unbegun == []


def test_a_stop_during_the_run_tells_what_is_known_of_it(
    close_json: Close, services: InMemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit(*told: object) -> Receipt:
        del told
        raise Stopped(15)

    monkeypatch.setattr(services.gateway, "submit", submit)

    status, told = close_json()

    assert (status, told["outcome"]) == (143, "unavailable")
    assert (told["submission"], told["alreadyClosed"]) == ({"attempts": 1, "status": None}, None)
    assert isinstance(told["report"], dict)
    assert isinstance(told["error"], dict)
    assert told["error"]["code"] == "stopped"


def test_a_stop_after_the_run_leaves_its_result_as_it_is(
    close_json: Close, services: InMemoryServices
) -> None:
    services.fault_at_end = Stopped(15)

    status, told = close_json("--date", "2026-11-21")

    assert (status, told["outcome"], told["error"]) == (0, "created", None)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--date", "2026-02-30"],
        ["--date", "20261121"],
        ["--date", "yesterday"],
        ["--no-such-option"],
        ["--allow-open-day"],
        ["stray"],
    ],
)
@pytest.mark.parametrize("output", [["--output", "json"], ["--output=json"]])
def test_a_wrong_command_line_is_an_object_as_well(
    services: InMemoryServices,
    capfdbinary: pytest.CaptureFixture[bytes],
    arguments: list[str],
    output: list[str],
) -> None:
    assert run(["close", *arguments, *output], services) == 2
    captured = capfdbinary.readouterr()
    told = json.loads(captured.out)
    assert list(told) == KEYS
    assert told["outcome"] == "invalid"
    assert told["error"]["code"] == "invalid_command"
    assert captured.err == b""


@pytest.mark.parametrize(
    "arguments",
    [
        ["close", "--output", "json", "--date"],
        ["--bogus", "close", "--output", "json"],
        ["close", "--bogus", "--output", "text", "--output", "json"],
    ],
)
def test_json_is_told_wherever_the_command_line_went_wrong(
    services: InMemoryServices, capfdbinary: pytest.CaptureFixture[bytes], arguments: list[str]
) -> None:
    assert run(arguments, services) == 2
    captured = capfdbinary.readouterr()
    assert json.loads(captured.out)["error"]["code"] == "invalid_command"
    assert captured.err == b""


@pytest.mark.parametrize(
    "arguments",
    [
        ["close", "--bogus", "--output", "json", "--output", "text"],
        ["close", "--bogus", "--output=json", "--output=text"],
        ["demo", "--bogus", "--output", "json"],
    ],
)
def test_no_json_is_told_where_it_is_not_asked_for_in_the_end(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(arguments, services) == 2
    captured = capfd.readouterr()
    assert (captured.out, "--bogus" in captured.err) == ("", True)


def test_an_open_day_is_looked_at_only_on_request(close_json: Close) -> None:
    status, told = close_json("--date", "2026-11-22")
    assert (status, told["outcome"]) == (2, "invalid")
    status, told = close_json("--date", "2026-11-22", "--dry-run")
    assert (status, told["outcome"]) == (2, "invalid")
    status, told = close_json("--date", "2026-11-22", "--dry-run", "--allow-open-day")
    assert (status, told["outcome"]) == (0, "dry_run")


def test_text_shows_figures_items_and_evidence_and_no_control_character(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["close"], services) == 0
    captured = capfd.readouterr()
    assert "2026-11-21 closed" in captured.out
    assert "41.00" in captured.out
    assert "S\\x1b[2Joup" in captured.out
    assert "\x1b" not in captured.out
    assert "sha256:" in captured.out
    assert captured.err == ""


def test_a_digest_has_room_in_80_columns(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["close"], services) == 0
    told = capfd.readouterr().out
    assert len(re.findall(r"^(?:totals|body) +sha256:[0-9a-f]{64}$", told, re.MULTILINE)) == 2


def test_text_complains_on_standard_error_with_a_remedy(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["close", "--date", "2026-11-20"], services) == 3
    captured = capfd.readouterr()
    assert "negative_total" in captured.out
    assert "aegis-batch: The orders break consistency rules" in captured.err
    assert "  -> Mend the orders" in captured.err


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("backend_refused", "refused by the Backend, for good"),
        ("missing_table", "the table that says which days are closed can't be read"),
    ],
)
def test_text_lays_a_refusal_at_the_door_it_came_from(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str], code: str, words: str
) -> None:
    services.gateway.find_faults.append(BackendRefused(code, "No.", "Look."))

    assert run(["close", "--date", "2026-11-21"], services) == 4
    assert words in capfd.readouterr().out


def test_a_usage_error_in_text_names_the_help(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["close", "--date", "x"], services) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "aegis-batch close --help" in captured.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--version"], "aegis-batch 1.2.3\n"),
        (["--help"], "Example:"),
        (["close", "--help"], "Examples:"),
        (["completion", "--help"], "Example:"),
        (["completion", "bash"], "_AEGIS_BATCH_COMPLETE=bash_complete"),
        (["completion", "zsh"], "_AEGIS_BATCH_COMPLETE=zsh_complete"),
        (["completion", "fish"], "_AEGIS_BATCH_COMPLETE=fish_complete"),
    ],
)
def test_what_explains_the_program_goes_to_standard_output(
    services: InMemoryServices,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    expected: str,
) -> None:
    assert run(arguments, services) == 0
    captured = capfd.readouterr()
    assert expected in captured.out
    assert captured.err == ""


def test_no_command_is_a_wrong_command(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([], services) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Usage: aegis-batch ")
    assert "see:" not in captured.err
    assert run(["no-such-command"], services) == 2
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("asked", ["nonsense", "bash_nonsense", "bash_complete"])
def test_what_no_shell_would_ask_is_a_wrong_command(
    services: InMemoryServices,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
) -> None:
    monkeypatch.setenv("_AEGIS_BATCH_COMPLETE", asked)
    monkeypatch.delenv("COMP_WORDS", raising=False)
    assert run([], services) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "_AEGIS_BATCH_COMPLETE is for shells" in captured.err


def test_a_shell_that_asks_is_answered(
    services: InMemoryServices,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_AEGIS_BATCH_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "aegis-batch cl")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run([], services) == 0
    assert capfd.readouterr() == ("plain,close\n", "")


def test_a_defect_is_told_in_one_line(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    services.fault = RuntimeError("secret inside")
    assert run(["close"], services) == 70
    (line,) = capfd.readouterr().err.splitlines()
    assert "RuntimeError" in line
    assert "Please report this line" in line
