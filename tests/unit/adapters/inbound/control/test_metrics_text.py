"""Metrics as Prometheus reads them."""

from aegis_batch.adapters.inbound.control.metrics_text import metrics_text
from aegis_batch.application.scheduler_metrics import Metric, MetricKind, Point, Spread


def test_a_number_is_told_to_its_last_digit_and_a_label_is_escaped() -> None:
    points = [Point({"job": 'a "b"\\\n'}, 12_345_678), Point({}, 1.5)]

    told = metrics_text([Metric("x_total", MetricKind.COUNTER, "How many.", points)])

    assert told.splitlines() == [
        "# HELP x_total How many.",
        "# TYPE x_total counter",
        r'x_total{job="a \"b\"\\\n"} 12345678',
        "x_total 1.5",
    ]
    assert told.endswith("\n")


def test_a_histogram_adds_its_buckets_up() -> None:
    points = [Point({"job": "a"}, Spread((0.5, 10), (1, 2, 3), 99.5))]

    told = metrics_text([Metric("x", MetricKind.HISTOGRAM, "How long.", points)])

    assert told.splitlines()[1:] == [
        "# TYPE x histogram",
        'x_bucket{job="a",le="0.5"} 1',
        'x_bucket{job="a",le="10"} 3',
        'x_bucket{job="a",le="+Inf"} 6',
        'x_sum{job="a"} 99.5',
        'x_count{job="a"} 6',
    ]


def test_a_metric_without_points_is_named_all_the_same() -> None:
    told = metrics_text([Metric("x_total", MetricKind.COUNTER, "How many.", [])])
    assert told == "# HELP x_total How many.\n# TYPE x_total counter\n"
