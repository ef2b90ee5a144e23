"""Exporting spans and metrics, where the environment names a collector."""

# ruff: noqa: PLC0415 - OpenTelemetry takes a quarter of a second to import

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from loguru import logger

from aegis_batch.adapters.outbound.otel.variables import Export, wanted
from aegis_batch.adapters.outbound.system.identifiers import (
    new_instance_id,
    new_span_id,
    new_traceparent,
)
from aegis_batch.application.ports.clock import Clock
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.run import Run

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.otel.metrics_sink import OtelMetricsSink

__all__ = ["choose_traceparent", "open_exporting_sink"]

_WARNINGS = {
    "telemetry_setting_unknown": "is set to something that this program can't do",
    "telemetry_not_set_up": "can't be exported as the OTEL_ variables say",
    "telemetry_not_delivered": "did not all reach the collector",
    "telemetry_not_read": "could not all be read from the state, and miss an export",
    "telemetry_defect": "was raised by telemetry, which then missed an event",
}


def open_exporting_sink(
    environ: Mapping[str, str], clock: Clock
) -> "Iterator[OtelMetricsSink | None]":
    """Yield a sink that exports, and send the rest at its end; ``None`` where none is asked for.

    Whatever goes wrong is worth a warning, and no more.
    """
    export = wanted(environ)
    if not (export.protocols or export.faults):
        yield None
        return
    with ExitStack() as stack:
        yield _enter(stack, export, clock)


def choose_traceparent(exporting: "OtelMetricsSink | None") -> Callable[[Run], str]:
    """Return what makes the header by which the Backend joins a run's trace."""
    if exporting is None:
        return new_traceparent

    def traceparent(run: Run) -> str:
        return exporting.traceparent(run) or new_traceparent(run)

    return traceparent


def _enter(stack: ExitStack, export: Export, clock: Clock) -> "OtelMetricsSink | None":
    for variable in export.faults:
        _warn("telemetry_setting_unknown", variable)
    if not export.protocols:
        return None
    try:
        from aegis_batch.adapters.outbound.otel.telemetry import Process, open_telemetry

        process = Process(
            instance_id=new_instance_id(),
            version=program_version(),
            new_span_id=new_span_id,
            monotonic_seconds=clock.monotonic_seconds,
            warn=_warn,
        )
        return stack.enter_context(open_telemetry(export, process))
    except Exception:  # noqa: BLE001 - telemetry is no reason to leave a day open
        for signal in export.protocols:
            _warn("telemetry_not_set_up", signal.value)
        return None


def _warn(code: str, about: str, reason: str | None = None) -> None:
    told = {"event": code.replace("_", ".", 1), "about": about}
    if reason is not None:
        told["reason"] = reason
    logger.bind(**told).warning("{} {}", about, _WARNINGS[code])
