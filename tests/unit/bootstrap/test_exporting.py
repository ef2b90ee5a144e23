"""Telemetry is wired where it is asked for; what is wrong with it is worth a warning."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from loguru import logger

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.otel.metrics_sink import OtelMetricsSink
from aegis_batch.bootstrap.exporting import choose_traceparent, open_exporting_sink
from aegis_batch.bootstrap.settings import LogFormat, LogLevel
from aegis_batch.bootstrap.telemetry import set_up_logs
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.events import CloseCompleted, CloseStarted
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, Run

_AT = datetime(2026, 11, 22, 5, tzinfo=UTC)
_SECRET = "canary-4711"
_RUN = Run("run 1", "1" * 32, CloseKey("default", Period(PeriodKind.DAY, date(2026, 11, 21))))
_ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://user:{_SECRET}@127.0.0.1:9"}
_ENDED = CloseCompleted(
    run=_RUN, at=_AT, dry_run=False, outcome=Outcome.CREATED, orders=2, duration_ms=1.0
)

Warnings = Callable[[], list[tuple[str, str, str | None]]]


@pytest.fixture
def warnings() -> Iterator[Warnings]:
    """What was logged: the event, what it is about, and why."""
    stream = io.StringIO()
    set_up_logs(LogLevel.DEBUG, LogFormat.JSON, stream)

    def told() -> list[tuple[str, str, str | None]]:
        assert _SECRET not in stream.getvalue()
        lines = map(json.loads, stream.getvalue().splitlines())
        return [(line["event"], line["about"], line.get("reason")) for line in lines]

    yield told
    logger.remove()


@contextmanager
def opened(environ: dict[str, str]) -> Iterator[OtelMetricsSink | None]:
    """Do as the container does with a generator that opens and closes something."""
    resource = open_exporting_sink(environ, InMemoryClock(_AT))
    yield next(resource)
    assert list(resource) == []


def test_without_an_endpoint_there_is_no_sink_and_no_word(warnings: Warnings) -> None:
    with opened({}) as sink:
        assert sink is None

    assert warnings() == []


def test_with_an_endpoint_there_is_a_sink(warnings: Warnings) -> None:
    with opened(_ENDPOINT) as sink:
        assert isinstance(sink, OtelMetricsSink)
        assert choose_traceparent(sink)(_RUN).startswith(f"00-{_RUN.trace_id}-")
        sink.emit(CloseStarted(run=_RUN, at=_AT, dry_run=True))
        assert choose_traceparent(sink)(_RUN) == sink.traceparent(_RUN)

    assert ("telemetry.not_delivered", "traces") in {told[:2] for told in warnings()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", f"pigeon {_SECRET}"),
        ("OTEL_TRACES_EXPORTER", _SECRET),
    ],
)
def test_a_value_that_means_nothing_is_named_and_not_shown(
    warnings: Warnings, name: str, value: str
) -> None:
    endpoint = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}

    with opened({**endpoint, name: value}) as sink:
        assert sink is None

    assert warnings() == [("telemetry.setting_unknown", name, None)]


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_what_an_exporter_cant_work_with_costs_its_signal_alone(
    warnings: Warnings, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_GRPC_CREDENTIAL_PROVIDER", _SECRET)
    monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER", _SECRET)
    environ = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"https://{_SECRET}.invalid",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": protocol,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    with opened(environ) as sink:
        assert isinstance(sink, OtelMetricsSink)
        sink.emit(CloseStarted(run=_RUN, at=_AT, dry_run=False))

    assert warnings() == [("telemetry.not_set_up", "traces", None)]


@pytest.mark.parametrize(
    ("about", "name", "value"),
    [
        ("metrics", "OTEL_METRIC_EXPORT_INTERVAL", "0"),
        ("metrics", "OTEL_METRICS_EXEMPLAR_FILTER", _SECRET),
        ("traces", "OTEL_BSP_MAX_QUEUE_SIZE", "2"),
        ("traces", "OTEL_SPAN_EVENT_COUNT_LIMIT", _SECRET),
    ],
)
def test_a_value_that_the_library_refuses_costs_its_signal_alone_and_is_named(
    warnings: Warnings, monkeypatch: pytest.MonkeyPatch, about: str, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with opened({**_ENDPOINT, name: value}) as sink:
        assert isinstance(sink, OtelMetricsSink)
        sink.emit(CloseStarted(run=_RUN, at=_AT, dry_run=False))
        sink.emit(_ENDED)

    left = {"traces": "metrics", "metrics": "traces"}[about]
    first, *others = warnings()
    assert first == ("telemetry.not_set_up", about, name)
    assert [(event, what) for event, what, _ in others] == [("telemetry.not_delivered", left)]


def test_a_trace_without_exports_has_a_new_span_for_each_request() -> None:
    traceparent = choose_traceparent(None)

    assert len({traceparent(_RUN) for _ in range(3)}) == 3
    assert traceparent(_RUN).startswith(f"00-{_RUN.trace_id}-")
