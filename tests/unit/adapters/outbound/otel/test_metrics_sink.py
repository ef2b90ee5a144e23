"""Events as spans and metrics, in OpenTelemetry's own exporters in memory."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from aegis_batch.domain.events import (
    CloseFailed,
    CloseStarted,
    Event,
    ReportRecorded,
    ReportSubmitted,
    SealsMerged,
    SealsUnreadable,
    Step,
    StepFailed,
    StepStarted,
)
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import Run
from tests.exported import Exported
from tests.unit.adapters.outbound.otel.close_events import AT, TRACE_ID, a_run, after, closed
from tests.unit.adapters.outbound.otel.job_events import of_jobs

_AT_NS = int(AT.timestamp()) * 1_000_000_000
_DOCUMENT = Path(__file__).parents[5] / "docs" / "telemetry.md"


def _merged(run: Run) -> list[Event]:
    """Return a close whose first try at the seals fails, and whose second adds them up."""
    return [
        CloseStarted(run=run, at=AT, dry_run=False),
        StepStarted(run=run, at=after(1), step=Step.READ),
        SealsUnreadable(run=run, at=after(2), code="state_locked"),
        SealsMerged(
            run=run, at=after(9), seals=7, orders=128, lines=311, violations=2, duration_ms=8
        ),
        *closed(run)[-1:],
    ]


def _into_a_database(event: Event) -> Event:
    """Return an event as it is told where a database takes the reports."""
    if not isinstance(event, ReportSubmitted):
        return event
    return ReportRecorded(
        run=event.run,
        at=event.at,
        status=event.status,
        attempts=event.attempts,
        duration_ms=event.duration_ms,
        revision=2,
    )


def _failed(run: Run, code: str = "backend_failing", tenant: str = "default") -> list[Event]:
    return [
        CloseStarted(run=run, at=AT, dry_run=False),
        StepStarted(run=run, at=AT, step=Step.FIND),
        StepFailed(run=run, at=AT, step=Step.FIND, code=code, duration_ms=5),
        CloseFailed(
            run=run,
            at=AT,
            dry_run=False,
            outcome=Outcome.UNAVAILABLE,
            code=code,
            orders=None,
            duration_ms=6,
        ),
    ]


@pytest.fixture
def exported() -> Exported:
    return Exported()


Tell = Callable[[list[Event]], dict[str, ReadableSpan]]


@pytest.fixture
def tell(exported: Exported) -> Tell:
    def tell(events: list[Event]) -> dict[str, ReadableSpan]:
        for event in events:
            exported.sink.emit(event)
        return {span.name: span for span in exported.spans}

    return tell


def test_a_close_is_a_span_with_its_steps_below_in_the_trace_of_its_run(tell: Tell) -> None:
    spans = tell(closed(a_run()))

    assert list(spans) == ["report.find", "orders.read", "report.submit", "close"]
    close = spans.pop("close")
    assert close.parent is None
    assert {f"{span.context.trace_id:032x}" for span in (close, *spans.values())} == {TRACE_ID}
    for step in spans.values():
        assert step.parent is not None
        assert step.parent.span_id == close.context.span_id
    assert len({span.context.span_id for span in (close, *spans.values())}) == 4


def test_spans_last_as_long_as_the_events_say(tell: Tell) -> None:
    spans = tell(closed(a_run()))

    times = {
        name: ((span.start_time or 0) - _AT_NS, (span.end_time or 0) - _AT_NS)
        for name, span in spans.items()
    }
    assert times == {
        "report.find": (1_000_000, 7_000_000),
        "orders.read": (8_000_000, 20_000_000),
        "report.submit": (21_000_000, 30_000_000),
        "close": (0, 31_000_000),
    }


def test_each_request_is_an_event_of_its_step(tell: Tell) -> None:
    spans = tell(closed(a_run()))

    failed, answered = spans["report.find"].events
    assert (failed.name, failed.timestamp) == ("request.failed", _AT_NS + 3_000_000)
    assert failed.attributes == {
        "aegis.attempt": 1,
        "aegis.reason": "timed_out",
        "aegis.wait_seconds": 0.25,
    }
    assert answered.name == "request.answered"
    assert answered.attributes == {"aegis.attempt": 2, "aegis.status": 404}
    (sent,) = spans["report.submit"].events
    assert sent.attributes == {"aegis.attempt": 1, "aegis.status": 201}


def test_spans_say_what_came_out(tell: Tell) -> None:
    spans = tell(closed(a_run()))

    assert spans["close"].attributes == {
        "aegis.run_id": "run 1",
        "aegis.correlation_id": "run 1",
        "aegis.tenant": "default",
        "aegis.period": "day",
        "aegis.report_date": "2026-11-21",
        "aegis.dry_run": False,
        "aegis.outcome": "created",
        "aegis.orders": 128,
    }
    (broken,) = spans["close"].events
    assert broken.attributes == {
        "aegis.rule": "empty_order",
        "aegis.action": "warn",
        "aegis.count": 2,
    }
    assert spans["report.find"].attributes == {"aegis.found": False}
    assert spans["orders.read"].attributes == {
        "aegis.orders": 128,
        "aegis.lines": 311,
        "aegis.violations": 2,
    }
    assert spans["report.submit"].attributes == {"aegis.attempts": 1, "aegis.status": 201}
    assert {span.status.status_code for span in spans.values()} == {StatusCode.UNSET}


def test_a_failure_is_told_by_its_code_alone(tell: Tell) -> None:
    spans = tell(_failed(a_run()))

    for span in spans.values():
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == "backend_failing"
        assert span.events == ()
    assert list(spans) == ["report.find", "close"]
    assert spans["report.find"].attributes == {"aegis.code": "backend_failing"}


def test_text_from_outside_is_short_and_printable(tell: Tell) -> None:
    close = tell(_failed(a_run("\x1b[2J" * 999, "\ud800\n" * 999), code="x" * 999))["close"]

    assert close.attributes is not None
    texts = [value for value in close.attributes.values() if isinstance(value, str)]
    texts.append(close.status.description or "")
    assert max(map(len, texts)) == 256
    assert all(text.isprintable() for text in texts)


def test_a_request_is_a_child_of_the_step_that_is_under_way(exported: Exported) -> None:
    run, other = a_run(), a_run("run 2", trace_id="1" * 32)
    assert exported.sink.traceparent(run) is None

    headers = []
    for event in closed(run)[:-1]:
        exported.sink.emit(event)
        headers.append(exported.sink.traceparent(run))
    exported.sink.emit(closed(other)[0])
    assert (exported.sink.traceparent(other) or "").startswith(f"00-{'1' * 32}-")
    exported.sink.emit(closed(run)[-1])

    assert exported.sink.traceparent(run) is None
    ids = {span.name: f"{span.context.span_id:016x}" for span in exported.spans}
    parents = ["close", *["report.find"] * 3, "close", "orders.read", *["close"] * 2]
    parents += [*["report.submit"] * 2, "close"]
    assert headers == [f"00-{TRACE_ID}-{ids[name]}-01" for name in parents]


def test_what_the_sampler_leaves_out_is_not_asked_of_the_backend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    exported = Exported()

    exported.sink.emit(closed(a_run())[0])

    assert (exported.sink.traceparent(a_run()) or "").endswith("-00")


def test_a_close_that_is_stopped_ends_as_such(exported: Exported, tell: Tell) -> None:
    tell(closed(a_run())[:3])

    exported.close_spans.end_all()
    exported.close_spans.end_all()

    step, close = exported.spans
    assert (step.name, close.name) == ("report.find", "close")
    assert {span.status.description for span in (step, close)} == {"stopped"}
    assert step.end_time == close.end_time == _AT_NS + 3_000_000


def test_an_event_of_a_run_that_never_began_is_let_go(tell: Tell, exported: Exported) -> None:
    assert tell(closed(a_run())[1:]) == {}
    assert exported.faults == []


def test_a_good_close_counts_as_one_success_and_no_failure(exported: Exported, tell: Tell) -> None:
    tell(closed(a_run()))

    points = exported.points()
    assert points["batch_execution_success"] == [({"outcome": "created"}, 1)]
    assert points["batch_execution_failure"] == [({}, 0)]
    ((about, duration),) = points["batch_execution_duration_ms"]
    assert (about, duration.count, duration.sum) == ({"outcome": "created"}, 1, 31)
    assert points["batch_last_success_time_seconds"] == [({}, _AT_NS // 1_000_000_000)]


def test_a_bad_close_counts_as_one_failure_and_no_success(exported: Exported, tell: Tell) -> None:
    tell(_failed(a_run()))

    points = exported.points()
    assert points["batch_execution_failure"] == [({"outcome": "unavailable"}, 1)]
    assert points["batch_execution_success"] == [({}, 0)]
    ((about, duration),) = points["batch_execution_duration_ms"]
    assert (about, duration.sum) == ({"outcome": "unavailable"}, 6)
    assert "batch_last_success_time_seconds" not in points
    ((about, duration),) = points["batch_step_duration_ms"]
    assert (about, duration.sum) == ({"step": "report.find", "result": "failed"}, 5)


def test_an_operator_sees_what_was_read_asked_and_broken(exported: Exported, tell: Tell) -> None:
    tell(closed(a_run()))

    points = exported.points()
    assert points["batch_orders_read"] == [({}, 128)]
    assert points["batch_lines_read"] == [({}, 311)]
    assert points["batch_violations"] == [({"rule": "empty_order", "action": "warn"}, 2)]
    assert points["batch_requests"] == [
        ({"operation": "find", "result": "timed_out"}, 1),
        ({"operation": "find", "result": "answered", "status": 404}, 1),
        ({"operation": "submit", "result": "answered", "status": 201}, 1),
    ]
    steps = {about["step"]: step.sum for about, step in points["batch_step_duration_ms"]}
    assert steps == {"report.find": 6, "orders.read": 12, "report.submit": 9}


def test_a_merge_of_seals_reads_no_orders_and_says_of_how_many_it_is(
    exported: Exported, tell: Tell
) -> None:
    spans = tell(_merged(a_run()))

    assert spans["orders.read"].attributes == {
        "aegis.seals": 7,
        "aegis.orders": 128,
        "aegis.lines": 311,
        "aegis.violations": 2,
    }
    points = exported.points()
    assert "batch_orders_read" not in points
    steps = {about["step"]: step.sum for about, step in points["batch_step_duration_ms"]}
    assert steps == {"orders.read": 8}


def test_seals_that_cant_be_looked_at_are_an_event_of_the_step_that_reads(tell: Tell) -> None:
    spans = tell(_merged(a_run()))

    (unread,) = spans["orders.read"].events
    assert (unread.name, unread.attributes) == (
        "seals.unreadable",
        {"aegis.code": "state_locked"},
    )


def test_a_dry_run_counts_in_none_even_beside_a_real_one(exported: Exported) -> None:
    rehearsal = closed(a_run("run 2"), dry_run=True)
    for told, counted in zip(rehearsal, closed(a_run()), strict=True):
        exported.sink.emit(told)
        exported.sink.emit(counted)

    points = exported.points()
    assert points["batch_execution_success"] == [({"outcome": "created"}, 1)]
    assert points["batch_orders_read"] == [({}, 128)]
    assert sum(value for _, value in points["batch_requests"]) == 3

    alone = Exported()
    for event in rehearsal:
        alone.sink.emit(event)
    assert alone.points() == {}
    assert len(alone.spans) == 4


def test_a_defect_of_telemetry_is_told_by_its_kind_and_goes_no_further(
    exported: Exported, tell: Tell
) -> None:
    spans = tell(closed(a_run(trace_id="no hexadecimal secret")))

    assert spans == {}
    assert exported.faults == ["ValueError"]
    assert exported.points()["batch_execution_success"] == [({"outcome": "created"}, 1)]


def test_the_document_names_every_metric_span_and_attribute_and_no_other(
    exported: Exported, tell: Tell
) -> None:
    tell([*closed(a_run()), *of_jobs(), *_merged(a_run("run 3"))])
    tell([*map(_into_a_database, closed(a_run("run 4")))])
    spans = tell(_failed(a_run("run 2")))
    exported.sink.tell_alive("serve", lambda: AT)
    # Of what goes into the log alone, only these have names like those of spans.
    names = {ReportSubmitted.name, ReportRecorded.name}
    names |= set(exported.points()) | set(spans)
    for span in exported.spans:
        names |= set(span.attributes or {})
        for event in span.events:
            names |= {event.name, *(event.attributes or {})}
    text = _DOCUMENT.read_text(encoding="utf-8")

    told = set(re.findall(r"`((?:batch_|aegis\.)\w+)`", text))
    told |= set(
        re.findall(r"`(close|(?:report|orders|request|rule)\.\w+|seals\.unreadable)`", text)
    )

    assert told == names
