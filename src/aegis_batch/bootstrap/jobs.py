"""Builds the jobs that runs do: for one tenant, or for all there are."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from aegis_batch.adapters.outbound.system.at_once import SystemAtOnce
from aegis_batch.adapters.outbound.system.pauses import let_others_in
from aegis_batch.application.after_run import Nights
from aegis_batch.application.backfill_planning import PlanBackfillUseCase
from aegis_batch.application.completeness import CompletenessJob
from aegis_batch.application.deadline import DeadlineJob
from aegis_batch.application.dependent_job import DependentJob
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.http_job import HttpJob
from aegis_batch.application.jobs import Job
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.night import NightJob
from aegis_batch.application.night_of_all import NightOfAllJob
from aegis_batch.application.nights_of_all import NightsOfAll
from aegis_batch.application.nights_of_one import NightsOfOne
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.ports.service_caller import ServiceCaller
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.application.rebuild_range import RebuildRangeJob
from aegis_batch.application.retention import RetentionJob
from aegis_batch.application.shards import ShardLimits
from aegis_batch.application.sweep import SweepJob
from aegis_batch.application.swept_days import (
    SweptDayOfRun,
    SweptDays,
    SweptDaysOfAll,
    SweptDaysOfOne,
)
from aegis_batch.application.tenants_days import TenantsDays
from aegis_batch.application.verifying import Verifying
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.tenancy_types import Tenancy
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.run import JobKind

__all__ = ["build_jobs", "build_nights", "build_tasks"]


def build_nights(
    settings: Settings, expectation: Expectation, backend: str, identifiers: Identifiers
) -> Nights:
    """Return what looks after the nights; ``backend`` is the identity of what takes the reports."""
    if settings.tenancy is Tenancy.MULTI:
        return NightsOfAll(identifiers)
    return NightsOfOne(expectation, backend)


def build_jobs(  # noqa: PLR0913 - what jobs are made of
    settings: Settings,
    *,
    ledger: Ledger,
    clock: Clock,
    metrics: MetricsSink,
    reports: ReportGateway,
    identifiers: Identifiers,
    expectations: Expectations,
    tenants_days: TenantsDays,
    verifying: Verifying,
    close: Job,
    tasks: Mapping[JobKind, Job],
) -> Mapping[JobKind, Job]:
    """Return the jobs by their kind."""
    own, backend = expectations.own, reports.identity
    completeness = CompletenessJob(ledger, clock, metrics, tenants_days)
    swept: SweptDays
    if settings.tenancy is Tenancy.MULTI:
        night: Job = NightOfAllJob(
            ledger=ledger,
            clock=clock,
            metrics=metrics,
            identifiers=identifiers,
            tenants_days=tenants_days,
            limits=ShardLimits(settings.shard_tenants, settings.jitter_max_seconds),
            backend=backend,
        )
        deadline: Job = completeness
        swept = SweptDaysOfAll(ledger, expectations, tenants_days, clock, settings.verify_days)
    else:
        night = NightJob(
            ledger=ledger,
            reports=reports,
            clock=clock,
            metrics=metrics,
            identifiers=identifiers,
            expectation=own,
        )
        deadline = DeadlineJob(
            ledger=ledger, reports=reports, clock=clock, metrics=metrics, expectation=own
        )
        swept = SweptDaysOfOne(ledger, own, settings.verify_days, backend)
    retention = _retention(settings, ledger, clock, metrics)
    sweep = partial(SweepJob, ledger=ledger, verifying=verifying, clock=clock, metrics=metrics)
    at_once = SystemAtOnce(settings.shard_submissions_at_once)
    return {
        # Those that people define may depend on others.
        JobKind.CLOSE: DependentJob(close, ledger, clock),
        JobKind.RETENTION: DependentJob(retention, ledger, clock),
        **tasks,
        JobKind.REBUILD: close,
        JobKind.NIGHT: night,
        JobKind.DEADLINE: deadline,
        JobKind.COMPLETENESS: completeness,
        JobKind.SWEEP: sweep(swept=swept, at_once=at_once),
    }


def _retention(
    settings: Settings, ledger: Ledger, clock: Clock, metrics: MetricsSink
) -> RetentionJob:
    return RetentionJob(
        ledger=ledger,
        clock=clock,
        metrics=metrics,
        kept=timedelta(days=settings.retention_days),
        pause=let_others_in,
    )


def build_tasks(  # noqa: PLR0913 - what they are made of
    settings: Settings,
    *,
    ledger: Ledger,
    clock: Clock,
    metrics: MetricsSink,
    reports: ReportGateway,
    verifying: Verifying,
    planning: PlanBackfillUseCase,
    services: ServiceCaller,
    directory: TenantDirectory,
) -> Mapping[JobKind, Job]:
    """Return the jobs that people define, and other systems ask for, by their kind."""
    tasks: dict[JobKind, Job] = {
        JobKind.HTTP: HttpJob(ledger, services, clock, metrics),
        JobKind.VERIFY: SweepJob(
            ledger=ledger,
            verifying=verifying,
            clock=clock,
            metrics=metrics,
            swept=SweptDayOfRun(ledger, reports.identity),
            at_once=SystemAtOnce(1),
        ),
        JobKind.REBUILD_RANGE: RebuildRangeJob(
            ledger=ledger,
            planning=planning,
            clock=clock,
            metrics=metrics,
            zone_of=partial(_zone_of, directory),
            max_active=settings.backfill_max_active,
        ),
    }
    return {kind: DependentJob(job, ledger, clock) for kind, job in tasks.items()}


def _zone_of(directory: TenantDirectory, tenant_id: str) -> str | None:
    tenant = directory.get(tenant_id)
    return None if tenant is None else tenant.zone_name
