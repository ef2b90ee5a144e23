"""Metrics in the text format of Prometheus."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from aegis_batch.application.scheduler_metrics import Metric, Spread

__all__ = ["MEDIA_TYPE", "metrics_text"]

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_text(metrics: Sequence[Metric]) -> str:
    """Return the metrics as text."""
    return "\n".join([*(line for metric in metrics for line in _lines(metric)), ""])


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.about}"
    yield f"# TYPE {metric.name} {metric.kind.value}"
    for point in metric.points:
        if isinstance(point.value, Spread):
            yield from _spread_lines(metric.name, point.labels, point.value)
        else:
            yield _line(metric.name, point.value, point.labels)


def _spread_lines(name: str, labels: Mapping[str, str], spread: Spread) -> Iterator[str]:
    bounds = (*(f"{bound:g}" for bound in spread.bounds), "+Inf")
    so_far = list(accumulate(spread.counts))
    for bound, count in zip(bounds, so_far, strict=True):
        yield _line(f"{name}_bucket", count, {**labels, "le": bound})
    yield _line(f"{name}_sum", spread.total, labels)
    yield _line(f"{name}_count", so_far[-1], labels)


def _line(name: str, value: float, labels: Mapping[str, str]) -> str:
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    # Not in few digits: a count of millions is told to the last one.
    number = repr(value)
    return f"{name}{{{told}}} {number}" if told else f"{name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
