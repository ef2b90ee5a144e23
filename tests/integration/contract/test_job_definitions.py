"""What every keeper of defined jobs promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.application.ports.state import State
from aegis_batch.domain.condition import Condition, ConditionKind
from aegis_batch.domain.job import Category, JobDefinition, TaskKind
from aegis_batch.domain.schedule import ScheduleKind, Timing
from aegis_batch.domain.task import Priority
from tests.integration.state_records import MICROSECOND, NOON, SECOND


def a_job(job_id: str, **changes: object) -> JobDefinition:
    """Return a job with only what it must have."""
    plain = JobDefinition(
        id=job_id,
        name=job_id,
        tenant="default",
        task=TaskKind.HTTP,
        created_by="ana",
        created_at=NOON,
        updated_at=NOON + MICROSECOND,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


FULL = a_job(
    "full",
    description='What it does: "ação".',
    timing=Timing(ScheduleKind.CRON, cron="0 0 2 * * *", zone="America/Sao_Paulo"),
    events=("TenantCreated", "OrderCorrected"),
    service="rankings",
    endpoint="/run",
    method="PUT",
    payload='{"top":10}',
    is_active=False,
    category=Category.REALTIME,
    priority=Priority.CRITICAL,
    attempts_max=2,
    timeout_seconds=60,
    immediate_retry=True,
    group="nights",
    depends_on=("a", "b"),
    conditions=(Condition(ConditionKind.WEEKDAYS, ("MON", "TUE")),),
    zone_name="Asia/Tokyo",
    version=7,
)


def keep(state: State, *jobs: JobDefinition) -> None:
    with state.turn() as turn:
        for each in jobs:
            turn.job_definitions.save(each)


def found(state: State, limit: int = 100, **wanted: object) -> list[str]:
    with state.look() as turn:
        jobs = turn.job_definitions.search(JobFilter(**wanted), limit)  # type: ignore[arg-type]
        return [each.id for each in jobs]


@pytest.mark.parametrize(
    "kept",
    [
        FULL,
        a_job("full"),
        a_job("full", is_removed=True),
        a_job("full", timing=Timing(ScheduleKind.FIXED_RATE, every=timedelta(seconds=1.5))),
        a_job("full", timing=Timing(ScheduleKind.ONE_TIME, at=NOON + MICROSECOND)),
    ],
    ids=["all", "plain", "removed", "rate", "once"],
)
def test_a_job_comes_back_as_it_was_kept(state: State, kept: JobDefinition) -> None:
    keep(state, FULL)
    keep(state, kept)

    with state.look() as turn:
        assert turn.job_definitions.get("full") == kept
        assert turn.job_definitions.get("other") is None


def test_jobs_come_newest_first_then_by_id_and_go_on_behind_one(state: State) -> None:
    keep(state, a_job("b"), a_job("a"), a_job("old", created_at=NOON - SECOND), a_job("c"))

    assert found(state) == ["c", "b", "a", "old"]
    assert found(state, 2) == ["c", "b"]
    assert found(state, before=(NOON, "b")) == ["a", "old"]
    assert found(state, before=(NOON - SECOND, "old")) == []


def test_a_filter_lets_through_what_all_of_it_applies_to(state: State) -> None:
    keep(
        state,
        a_job("1", name="x", group="g", events=("E",)),
        a_job("2", tenant="other", name="x", depends_on=("1",)),
        a_job("3", is_active=False, events=("E", "F")),
        a_job("4", is_removed=True, name="x", group="g", events=("E",), depends_on=("1",)),
    )

    assert found(state, name="x") == ["2", "1"]
    assert found(state, name="x", tenants=("default", "*")) == ["1"]
    assert found(state, group="g") == ["1"]
    assert found(state, is_active=False) == ["3"]
    assert found(state, event="E", is_active=True) == ["1"]
    assert found(state, event="F") == ["3"]
    assert found(state, depends_on="1") == ["2"]


def test_what_a_job_named_before_it_was_changed_finds_it_no_more(state: State) -> None:
    keep(state, a_job("1", events=("E",), depends_on=("2",)))
    keep(state, a_job("1", events=("F",)))

    assert found(state, event="E") == found(state, depends_on="2") == []
    assert found(state, event="F") == ["1"]


def test_active_jobs_are_counted(state: State) -> None:
    keep(state, a_job("1"), a_job("2", is_active=False), a_job("3", is_removed=True))

    with state.look() as turn:
        assert turn.job_definitions.count_active() == 1
