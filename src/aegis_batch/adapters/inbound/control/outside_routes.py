"""Jobs that other systems start, and how they came out (``spec/4``)."""

import asyncio
import json
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from aegis_batch.adapters.inbound.control.access import Access, GatedRoute
from aegis_batch.adapters.inbound.control.contract import Asked, instant_text
from aegis_batch.adapters.inbound.control.desk import ControlDesk
from aegis_batch.adapters.inbound.control.paging import IdempotencyKey, once_of
from aegis_batch.adapters.inbound.control.problems import problem
from aegis_batch.adapters.inbound.control.scheduler_routes import tenant_of
from aegis_batch.application.actor import Actor
from aegis_batch.application.job_views import Execution
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job_status import JobStatus
from aegis_batch.domain.run import JobKind

__all__ = ["outside_routes"]

_LOOK_SECONDS = 0.1
# A longer range is answered with where to look at once.
_DAYS_WAITED_FOR_MAX = 92
_LISTED_MAX = 1_000
_REBUILDS = "metrics_aggregation"
_FAILED = 409
_ACCEPTED = 202


class RebuildRequest(Asked):
    """The range to be derived again; days are ISO 8601's, or ``yesterday``."""

    model_config = ConfigDict(populate_by_name=True)

    tenant_id: str | None = Field(default=None, alias="tenantId", max_length=200)
    first: str | None = Field(default=None, alias="from", max_length=20)
    last: str | None = Field(default=None, alias="to", max_length=20)
    days_back: int | None = Field(default=None, alias="daysBack", ge=1, le=3_660)

    def asked(self) -> dict[str, Any]:
        """Return what is named of it."""
        found = {"from": self.first, "to": self.last, "daysBack": self.days_back}
        return {name: value for name, value in found.items() if value is not None}


class JobLog(BaseModel):
    """An execution as ``job_logs`` has it."""

    id: str
    jobType: str  # noqa: N815 - the contract's
    status: JobStatus
    startedAt: str | None  # noqa: N815
    completedAt: str | None  # noqa: N815
    durationMs: int | None  # noqa: N815
    recordsProcessed: int | None  # noqa: N815
    errorMessage: str | None  # noqa: N815
    metadata: dict[str, Any]


class RebuildGoesOn(BaseModel):
    """A rebuild that has not ended, and where to look."""

    success: bool
    jobLogId: str  # noqa: N815
    status: JobStatus
    statusUrl: str  # noqa: N815


class Rebuilt(BaseModel):
    """A rebuild that has ended, with its figures."""

    model_config = ConfigDict(extra="allow")

    success: bool
    jobLogId: str  # noqa: N815
    duration: int


class JobStats(BaseModel):
    """How often a job has ended, and how."""

    jobType: str  # noqa: N815
    total: int
    byStatus: dict[str, int]  # noqa: N815
    totalDurationMs: int  # noqa: N815


class Stats(BaseModel):
    """How many executions there are now, and how those of each job have ended so far."""

    running: int
    pending: int
    jobs: list[JobStats]


def outside_routes(desk: ControlDesk, access: Access) -> APIRouter:
    """Return the routes of jobs that other systems start."""
    router = APIRouter(prefix="/api/v1/jobs", tags=["outside"], route_class=GatedRoute)
    _add_rebuilding(router, desk, access)
    _add_looking(router, desk, access)
    return router


def _add_rebuilding(router: APIRouter, desk: ControlDesk, access: Access) -> None:
    starts = Depends(access.gate("operate", takes_key=True))
    places = asyncio.Semaphore(desk.limits.pool_size)

    @router.post(
        "/rebuild-daily-metrics",
        response_model=None,
        responses={200: {"model": Rebuilt}, _ACCEPTED: {"model": RebuildGoesOn}},
    )
    async def rebuild_daily_metrics(
        asked: RebuildRequest,
        request: Request,
        actor: Annotated[Actor, starts],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Derive a range of days again, and wait for it for a while."""
        once = await once_of(request, idempotency_key, actor)

        def begin() -> str:
            tenant = tenant_of(desk, actor, asked.tenant_id)
            return desk.starts.rebuild(tenant, asked.asked(), actor, once).id

        run_id = await run_in_threadpool(begin)
        execution = await run_in_threadpool(desk.views.execution, run_id, actor)
        if _days_of(execution) <= _DAYS_WAITED_FOR_MAX and not places.locked():
            async with places:
                execution = await _wait(desk, actor, execution)
        return _answer(execution)


def _add_looking(router: APIRouter, desk: ControlDesk, access: Access) -> None:
    reads = Depends(access.gate("read"))

    @router.get("/status")
    def status(
        actor: Annotated[Actor, reads],
        job_type: Annotated[str | None, Query(alias="jobType", max_length=100)] = None,
        limit: Annotated[int, Query(ge=1, le=_LISTED_MAX)] = 50,
        job_log_id: Annotated[str | None, Query(alias="jobLogId", max_length=200)] = None,
    ) -> list[JobLog]:
        """List executions, the newest first."""
        if job_log_id is not None:
            return [_log(desk.views.execution(job_log_id, actor))]
        wanted = RunFilter(job=_kind_of(job_type))
        return [_log(each) for each in desk.views.executions(wanted, limit, actor)]

    @router.get("/stats")
    def stats(actor: Annotated[Actor, reads]) -> Stats:
        """Count how executions of each job have ended; a token of one tenant gets a 403."""
        figures = desk.views.figures(desk.clock.now(), actor)
        by_job: dict[str, JobStats] = {}
        for each in figures.totals:
            if not each.is_of_ends:
                continue
            told = by_job.setdefault(
                each.job, JobStats(jobType=each.job, total=0, byStatus={}, totalDurationMs=0)
            )
            told.total += each.count
            told.totalDurationMs += round(each.duration_ms)
            told.byStatus[each.status] = told.byStatus.get(each.status, 0) + each.count
        jobs = sorted(by_job.values(), key=lambda told: told.jobType)
        return Stats(running=figures.running, pending=figures.waiting, jobs=jobs)


async def _wait(desk: ControlDesk, actor: Actor, execution: Execution) -> Execution:
    end_seconds = desk.clock.monotonic_seconds() + desk.limits.wait_seconds
    while not execution.record.state.is_final:
        if desk.clock.monotonic_seconds() >= end_seconds:
            break
        await asyncio.sleep(_LOOK_SECONDS)
        run_id = execution.record.id
        execution = await run_in_threadpool(desk.views.execution, run_id, actor)
    return execution


def _answer(execution: Execution) -> Response:
    record = execution.record
    where = f"/api/v1/jobs/status?jobLogId={record.id}"
    if not record.state.is_final:
        told = {"success": True, "jobLogId": record.id, "status": execution.status.value}
        body = json.dumps({**told, "statusUrl": where})
        headers = {"Location": where}
        return Response(body, _ACCEPTED, headers, media_type="application/json")
    if execution.result is None:
        why = record.problem.message if record.problem else "It was cancelled."
        return problem(_FAILED, "rebuild_failed", why, success=False, jobLogId=record.id)
    body = json.dumps(
        {
            "success": True,
            "jobLogId": record.id,
            "duration": round(record.duration_ms or 0),
            **json.loads(execution.result.text),
        }
    )
    return Response(body, media_type="application/json")


def _days_of(execution: Execution) -> int:
    asked = _arguments(execution)
    return (date.fromisoformat(asked["to"]) - date.fromisoformat(asked["from"])).days + 1


def _arguments(execution: Execution) -> dict[str, Any]:
    task = execution.record.task
    found: dict[str, Any] = {} if task is None else json.loads(task.arguments)
    return found


def _log(execution: Execution) -> JobLog:
    record = execution.record
    is_rebuild = record.job is JobKind.REBUILD_RANGE
    result = None if execution.result is None else json.loads(execution.result.text)
    return JobLog(
        id=record.id,
        jobType=_REBUILDS if is_rebuild else record.job.value,
        status=execution.status,
        startedAt=instant_text(record.started_at),
        completedAt=instant_text(record.ended_at),
        durationMs=None if record.duration_ms is None else round(record.duration_ms),
        recordsProcessed=result.get("rowsUpserted") if is_rebuild and result else record.orders,
        errorMessage=None if record.problem is None else record.problem.message,
        metadata={
            "tenantId": record.key.tenant,
            "period": str(record.key.period),
            **_arguments(execution),
            **(result if is_rebuild and result else {}),
        },
    )


def _kind_of(job_type: str | None) -> JobKind | None:
    if job_type is None:
        return None
    if job_type == _REBUILDS:
        return JobKind.REBUILD_RANGE
    try:
        return JobKind(job_type)
    except ValueError:
        raise InvalidRequest(
            "unknown_job_type",
            "There is no such jobType.",
            f"There are {', '.join((_REBUILDS, *JobKind))}.",
        ) from None
