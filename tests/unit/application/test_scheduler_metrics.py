"""How a scheduler stands, as metrics."""

from dataclasses import replace

import pytest

from aegis_batch.application.ports.open_runs import OpenCount
from aegis_batch.application.scheduler_metrics import (
    Metric,
    MetricKind,
    Point,
    Spread,
    scheduler_metrics,
)
from aegis_batch.domain.errors import ServiceRefused
from aegis_batch.domain.job_total import BUCKETS_SECONDS, FAILED_BY_PRIORITY, SCHEDULED, JobTotal
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.task import Priority
from tests.exported_names import figures_of
from tests.unit.application.job_drafts import ANA, define
from tests.unit.application.office import Office

TOTALS = (
    JobTotal("a", SCHEDULED, "", 0, 4, 0.0),
    JobTotal("b", SCHEDULED, "", 0, 1, 0.0),
    JobTotal("a", "SUCCESS", "", 10, 2, 5_500.0),
    JobTotal("a", "FAILED", "service_refused", 10, 1, 2_000.0),
    JobTotal("a", "TIMEOUT", "service_timed_out", 0, 1, 4_000_000.0),
    JobTotal("a", FAILED_BY_PRIORITY, "HIGH", 0, 2, 0.0),
    JobTotal("b", "CANCELLED", "", 1, 1, 500.0),
)
OPEN = (
    OpenCount(JobKind.HTTP, RunState.QUEUED, Priority.LOW, 3),
    OpenCount(JobKind.HTTP, RunState.RUNNING, Priority.LOW, 2),
    OpenCount(JobKind.CLOSE, RunState.QUEUED, None, 7),
)


@pytest.fixture(scope="module")
def metrics() -> dict[str, Metric]:
    figures = replace(figures_of(*TOTALS), open_runs=OPEN)
    found = scheduler_metrics(figures, {"key_invalid": 2, "not_authenticated": 1})
    return {metric.name: metric for metric in found}


def test_starts_and_ends_are_counted_by_job(metrics: dict[str, Metric]) -> None:
    assert metrics["scheduler_jobs_scheduled_total"].points == [Point({}, 5)]
    executed = metrics["scheduler_jobs_executed_total"]
    assert {(*point.labels.values(), point.value) for point in executed.points} == {
        ("a", "SUCCESS", 2),
        ("a", "FAILED", 1),
        ("a", "TIMEOUT", 1),
        ("b", "CANCELLED", 1),
    }


def test_a_failure_is_counted_by_its_reason_and_by_how_urgent_it_was(
    metrics: dict[str, Metric],
) -> None:
    failed = metrics["scheduler_jobs_failed_total"].points
    assert {(*point.labels.values(), point.value) for point in failed} == {
        ("a", "service_refused", 1),
        ("a", "service_timed_out", 1),
    }
    assert metrics["scheduler_jobs_failed_by_priority_total"].points == [
        Point({"job": "a", "priority": "HIGH"}, 2)
    ]


def test_durations_lie_in_buckets_and_add_up_in_seconds(metrics: dict[str, Metric]) -> None:
    durations = metrics["scheduler_execution_duration"]
    assert durations.kind is MetricKind.HISTOGRAM
    assert list(durations.points) == [
        Point({"job": "a"}, Spread(BUCKETS_SECONDS, (0, 3, 0, 0, 0, 0, 0, 1), 4_007.5)),
        Point({"job": "b"}, Spread(BUCKETS_SECONDS, (1, 0, 0, 0, 0, 0, 0, 0), 0.5)),
    ]


def test_what_goes_on_is_told_of_every_priority(metrics: dict[str, Metric]) -> None:
    waiting = metrics["scheduler_queue_size"].points
    assert {point.labels["priority"]: point.value for point in waiting} == {
        "LOW": 3,
        "NORMAL": 0,
        "HIGH": 0,
        "CRITICAL": 0,
    }
    assert metrics["scheduler_running_executions"].points == [Point({}, 2)]
    assert metrics["scheduler_active_jobs_gauge"].points == [Point({}, 3)]


def test_callers_that_were_refused_are_counted_by_the_reason(metrics: dict[str, Metric]) -> None:
    refused = metrics["scheduler_control_refused_total"].points
    assert [(point.labels["code"], point.value) for point in refused] == [
        ("key_invalid", 2),
        ("not_authenticated", 1),
    ]


def test_every_metric_says_what_it_is(metrics: dict[str, Metric]) -> None:
    for name, metric in metrics.items():
        assert metric.about.endswith(".")
        assert (metric.kind is MetricKind.COUNTER) == name.endswith("_total")


def test_a_run_that_fails_for_good_is_counted_once_more_by_its_priority() -> None:
    office = Office(schedules=())
    job = define(office, "a", priority=Priority.CRITICAL, attempts_max=1)
    office.services.answers["rankings"] = ServiceRefused("service_refused", "It refused.", "Ask.")

    office.starts.execute(job.id, ANA)
    office.work()

    totals = office.views.figures(office.clock.now()).totals
    assert [(each.status, each.reason, each.count, each.is_of_ends) for each in totals] == [
        ("FAILED", "service_refused", 1, True),
        ("FAILED_BY_PRIORITY", "CRITICAL", 1, False),
        ("SCHEDULED", "", 1, False),
    ]
