"""What every sink promises, whatever becomes of the events that it takes."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import StringIO
from typing import TYPE_CHECKING, Protocol

import pytest
from loguru import logger

from aegis_batch.adapters.outbound.logs.lines import json_line
from aegis_batch.adapters.outbound.logs.metrics_sink import LogMetricsSink
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.consistency import Action, Rule
from aegis_batch.domain.events import (
    CloseCompleted,
    CloseFailed,
    CloseStarted,
    Event,
    OrdersRead,
    ReportRecorded,
    ReportSought,
    ReportSubmitted,
    RequestAnswered,
    RequestFailed,
    RuleBroken,
    RunEvent,
    SealsMerged,
    SealsUnreadable,
    Step,
    StepFailed,
    StepStarted,
)
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, Run
from tests.exported import Exported

if TYPE_CHECKING:
    from loguru import Message

_AT = datetime(2026, 11, 22, 5, tzinfo=UTC)


class Told(Protocol):
    """Reads back what a sink was told: the name of each event and the id of its run."""

    def __call__(self) -> list[tuple[str, str]]:
        """Return them in the order in which they were taken."""
        ...


@dataclass(frozen=True)
class Case:
    """A sink, and how to read back what it was told."""

    sink: MetricsSink
    told: Told


def _memory() -> Case:
    sink = InMemoryMetricsSink()
    return Case(sink, lambda: [(e.name, e.run.id) for e in sink.events if isinstance(e, RunEvent)])


def _logs() -> Case:
    stream = StringIO()

    def write(message: "Message") -> None:
        stream.write(json_line(message.record) + "\n")

    logger.remove()
    logger.add(write, format="{message}", backtrace=False, diagnose=False, catch=False)

    def told() -> list[tuple[str, str]]:
        lines = map(json.loads, stream.getvalue().splitlines())
        return [(line["event"], line["runId"]) for line in lines]

    return Case(LogMetricsSink(), told)


def _otel() -> Case:
    exported = Exported()
    return Case(exported.sink, exported.told)


# A sink joins by its name here: a function that makes one and tells how to read it back.
_SINKS: list[Callable[[], Case]] = [_memory, _logs, _otel]


@pytest.fixture(params=_SINKS, ids=lambda make: make.__name__.strip("_"))
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    make: Callable[[], Case] = request.param
    yield make()
    logger.remove()


def _run(run_id: str = "run 1", tenant: str = "default") -> Run:
    return Run(run_id, "1" * 32, CloseKey(tenant, Period(PeriodKind.DAY, date(2026, 11, 21))))


def _every_event(run: Run, *, text: str = "some_code", number: float = 1.5) -> list[Event]:
    """Return two closes with events of every kind, in an order that can be."""
    return [
        CloseStarted(run=run, at=_AT, dry_run=False),
        StepStarted(run=run, at=_AT, step=Step.FIND),
        RequestFailed(
            run=run,
            at=_AT,
            operation=text,
            attempt=1,
            reason=text,
            status=None,
            wait_seconds=number,
        ),
        RequestAnswered(run=run, at=_AT, operation=text, attempt=2, status=404),
        ReportSought(run=run, at=_AT, found=False, duration_ms=number),
        StepStarted(run=run, at=_AT, step=Step.READ),
        SealsUnreadable(run=run, at=_AT, code=text),
        SealsMerged(run=run, at=_AT, seals=7, orders=2, lines=3, violations=1, duration_ms=number),
        StepStarted(run=run, at=_AT, step=Step.READ),
        OrdersRead(run=run, at=_AT, orders=2, lines=3, violations=1, duration_ms=number),
        RuleBroken(run=run, at=_AT, rule=Rule.EMPTY_ORDER, action=Action.WARN, count=1),
        StepStarted(run=run, at=_AT, step=Step.SUBMIT),
        ReportSubmitted(run=run, at=_AT, status=201, attempts=2, duration_ms=number),
        CloseCompleted(
            run=run, at=_AT, dry_run=False, outcome=Outcome.CREATED, orders=2, duration_ms=number
        ),
        CloseStarted(run=run, at=_AT, dry_run=False),
        StepStarted(run=run, at=_AT, step=Step.SUBMIT),
        ReportRecorded(run=run, at=_AT, status=201, attempts=1, duration_ms=number, revision=2),
        CloseCompleted(
            run=run, at=_AT, dry_run=False, outcome=Outcome.CREATED, orders=2, duration_ms=number
        ),
        CloseStarted(run=run, at=_AT, dry_run=True),
        StepStarted(run=run, at=_AT, step=Step.FIND),
        StepFailed(run=run, at=_AT, step=Step.FIND, code=text, duration_ms=number),
        CloseFailed(
            run=run,
            at=_AT,
            dry_run=True,
            outcome=Outcome.DEFECT,
            code=text,
            orders=None,
            duration_ms=number,
        ),
    ]


def test_events_of_every_kind_are_taken_in_order(case: Case) -> None:
    events = _every_event(_run())

    for event in events:
        case.sink.emit(event)

    assert case.told() == [(event.name, "run 1") for event in events]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "two\nlines\r\n",
        '{"event": "job.completed"}',
        "{braces} {0} {missing!r} %s %(name)s <red>tag</red>",
        "\x00\x1b[31m\x7f\x85\u2028\u2029\u202e",
        "\ud800 a lone surrogate",
        "\U0001f355",
        "x" * 100_000,
    ],
    ids=["empty", "lines", "json", "templates", "controls", "surrogate", "emoji", "long"],
)
def test_no_text_makes_a_sink_raise_or_tell_more_than_one_event_each(case: Case, text: str) -> None:
    events = _every_event(_run(tenant=text), text=text)

    for event in events:
        case.sink.emit(event)

    assert case.told() == [(event.name, "run 1") for event in events]


@pytest.mark.parametrize("number", [0.0, -1.0, 1e308, float("nan"), float("inf")])
def test_no_number_makes_a_sink_raise(case: Case, number: float) -> None:
    events = _every_event(_run(), number=number)

    for event in events:
        case.sink.emit(event)

    assert len(case.told()) == len(events)


def test_a_run_may_have_any_id(case: Case) -> None:
    case.sink.emit(CloseStarted(run=_run('a "run" {x}\n'), at=_AT, dry_run=False))

    assert case.told() == [("job.started", 'a "run" {x}\n')]


def test_events_from_several_threads_are_all_taken_and_each_run_keeps_its_order(
    case: Case,
) -> None:
    runs = [_run(f"run {number}") for number in range(8)]

    def tell(run: Run) -> None:
        for event in _every_event(run) * 20:
            case.sink.emit(event)

    with ThreadPoolExecutor(len(runs)) as pool:
        list(pool.map(tell, runs))

    told = case.told()
    names = [event.name for event in _every_event(runs[0])] * 20
    assert len(told) == len(runs) * len(names)
    for run in runs:
        assert [name for name, run_id in told if run_id == run.id] == names
