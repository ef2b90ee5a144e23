"""Executions: what ran, runs, and is to run (``spec/2``)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from aegis_batch.adapters.inbound.control.access import Access, GatedRoute
from aegis_batch.adapters.inbound.control.contract import ExecutionModel, execution_model
from aegis_batch.adapters.inbound.control.desk import ControlDesk
from aegis_batch.adapters.inbound.control.job_routes import started
from aegis_batch.adapters.inbound.control.paging import (
    IdempotencyKey,
    Page,
    once_of,
)
from aegis_batch.application.actor import Actor
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.job import schedule_name_of
from aegis_batch.domain.job_status import JobStatus

__all__ = ["execution_routes"]

JobId = Annotated[str | None, Query(max_length=200)]


def _schedule_of(job_id: str) -> str:
    """Return the schedule that a job is known by; those of the settings go by their own names."""
    try:
        return schedule_name_of(str(UUID(job_id)))
    except ValueError:
        return job_id


def execution_routes(desk: ControlDesk, access: Access) -> APIRouter:
    """Return the routes of executions."""
    router = APIRouter(prefix="/scheduler/execucoes", tags=["execucoes"], route_class=GatedRoute)
    reads = Depends(access.gate("read"))
    operates = Depends(access.gate("operate"))

    @router.get("")
    def list_executions(
        page: Annotated[Page, Depends()],
        actor: Annotated[Actor, reads],
        job_id: JobId = None,
        status: JobStatus | None = None,
    ) -> list[ExecutionModel]:
        """List executions, the newest first; Link leads to older ones."""
        wanted = RunFilter(
            schedule=None if job_id is None else _schedule_of(job_id),
            before=page.before,
        )
        found = desk.views.executions(wanted, page.limit, actor, status)
        page.tell_next(found, lambda each: (each.record.enqueued_at, each.record.id))
        return [execution_model(each) for each in found]

    @router.get("/{run_id}")
    def show_execution(run_id: str, actor: Annotated[Actor, reads]) -> ExecutionModel:
        """Show an execution with all that happened to it."""
        return execution_model(desk.views.execution(run_id, actor))

    @router.post("/{run_id}/retry", status_code=202)
    async def retry_execution(
        run_id: str,
        request: Request,
        response: Response,
        actor: Annotated[Actor, operates],
        idempotency_key: IdempotencyKey = None,
    ) -> ExecutionModel:
        """Start an execution that has ended again."""
        once = await once_of(request, idempotency_key, actor)
        record = await run_in_threadpool(desk.starts.retry, run_id, actor, once)
        return started(response, record)

    @router.post("/{run_id}/cancel", status_code=202)
    async def cancel_execution(
        run_id: str,
        request: Request,
        response: Response,
        actor: Annotated[Actor, operates],
        idempotency_key: IdempotencyKey = None,
    ) -> ExecutionModel:
        """Cancel an execution: what has not begun never does; an attempt under way is its last."""
        once = await once_of(request, idempotency_key, actor)
        record = await run_in_threadpool(desk.cancelling.cancel, run_id, actor, once)
        return started(response, record)

    return router
