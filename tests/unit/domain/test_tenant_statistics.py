"""Which tenants' closes take longest, and which fail most."""

from dataclasses import replace
from datetime import UTC, date, datetime

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.run_statistics import RunFigures
from aegis_batch.domain.tenant_statistics import TenantFigures, TenantsRanked, tenants_of

CLOSE = RunFigures(
    run_id="r",
    job=JobKind.CLOSE,
    tenant="north",
    period=Period(PeriodKind.DAY, date(2026, 11, 21)),
    state=RunState.SUCCEEDED,
    enqueued_at=datetime(2026, 11, 22, tzinfo=UTC),
    started_at=None,
    duration_ms=100.0,
    cpu_seconds=None,
    requests=None,
    orders=None,
)


def test_the_slowest_and_those_that_fail_most_come_first() -> None:
    failed = replace(CLOSE, state=RunState.FAILED, duration_ms=9_000.0)
    runs = [
        CLOSE,
        replace(CLOSE, duration_ms=300.0),
        replace(CLOSE, duration_ms=None),
        replace(CLOSE, tenant="south", duration_ms=500.0),
        *(replace(failed, tenant="broken") for _ in range(2)),
        replace(failed, tenant="south"),
        replace(CLOSE, tenant="*", job=JobKind.NIGHT),
    ]

    ranked = tenants_of(runs)

    assert ranked == TenantsRanked(
        count=3,
        slowest=(TenantFigures("south", 2, 1, 500.0), TenantFigures("north", 3, 0, 200.0)),
        failing=(TenantFigures("broken", 2, 2, None), TenantFigures("south", 2, 1, 500.0)),
    )


def test_no_more_are_named_than_anybody_reads() -> None:
    runs = [replace(CLOSE, tenant=f"t{n:02}", duration_ms=float(n)) for n in range(30)]

    ranked = tenants_of(runs)

    assert (ranked.count, len(ranked.slowest), ranked.failing) == (30, 20, ())
    assert [each.tenant for each in ranked.slowest][:2] == ["t29", "t28"]
