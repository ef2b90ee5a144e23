"""Jobs: list, make, change, remove, start and start again (``spec/2``)."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from aegis_batch.adapters.inbound.control.access import Access, GatedRoute
from aegis_batch.adapters.inbound.control.contract import (
    ExecutionModel,
    JobModel,
    JobRequest,
    execution_model,
    job_draft,
    job_model,
)
from aegis_batch.adapters.inbound.control.desk import ControlDesk
from aegis_batch.adapters.inbound.control.paging import (
    IdempotencyKey,
    Page,
    once_of,
)
from aegis_batch.application.actor import Actor
from aegis_batch.application.job_views import Execution, JobView
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.domain.run_record import RunRecord

__all__ = ["job_routes", "started"]

IfMatch = Annotated[
    str | None, Header(max_length=40, description="The ETag of the job that is meant.")
]
Name = Annotated[str | None, Query(max_length=200)]


def job_routes(desk: ControlDesk, access: Access) -> APIRouter:
    """Return the routes of jobs."""
    router = APIRouter(prefix="/scheduler/jobs", tags=["jobs"], route_class=GatedRoute)
    _add_looking(router, desk, access)
    _add_changing(router, desk, access)
    _add_starting(router, desk, access)
    return router


def _add_looking(router: APIRouter, desk: ControlDesk, access: Access) -> None:
    reads = Depends(access.gate("read"))

    @router.get("")
    def list_jobs(  # noqa: PLR0913, PLR0917 - its filters
        page: Annotated[Page, Depends()],
        actor: Annotated[Actor, reads],
        nome_job: Name = None,
        grupo_job: Name = None,
        ativo: Annotated[bool | None, Query()] = None,
        evento: Name = None,
    ) -> list[JobModel]:
        """List the newest jobs, the newest last; Link leads to older ones."""
        wanted = JobFilter(
            name=nome_job,
            group=grupo_job,
            is_active=ativo,
            event=evento,
            before=page.before,
        )
        found = desk.views.jobs(wanted, page.limit, actor)
        page.tell_next(found, lambda each: (each.definition.created_at, each.definition.id))
        return [job_model(each) for each in found[::-1]]

    @router.get("/{job_id}")
    def show_job(job_id: str, response: Response, actor: Annotated[Actor, reads]) -> JobModel:
        """Show a job."""
        return _tagged(response, desk.views.job(job_id, actor))


def _add_changing(router: APIRouter, desk: ControlDesk, access: Access) -> None:
    administers = Depends(access.gate("admin"))

    @router.post("", status_code=201)
    async def create_job(
        request: Request,
        response: Response,
        asked: JobRequest,
        actor: Annotated[Actor, administers],
        idempotency_key: IdempotencyKey = None,
    ) -> JobModel:
        """Make a job."""
        once = await once_of(request, idempotency_key, actor)

        def make() -> JobView:
            draft = job_draft(_of_the_caller(asked, actor), desk.zone_name)
            made, _ = desk.jobs.create(draft, actor, once)
            return desk.views.job(made.id, actor)

        view = await run_in_threadpool(make)
        response.headers["Location"] = f"/scheduler/jobs/{view.definition.id}"
        return _tagged(response, view)

    @router.put("/{job_id}")
    async def change_job(  # noqa: PLR0913, PLR0917 - what a request has
        job_id: str,
        asked: JobRequest,
        request: Request,
        response: Response,
        actor: Annotated[Actor, administers],
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
    ) -> JobModel:
        """Put another job in the place of one; with If-Match, if that is still what it was."""
        once = await once_of(request, idempotency_key, actor)

        def change() -> JobView:
            draft = job_draft(_of_the_caller(asked, actor), desk.zone_name)
            desk.jobs.update(job_id, draft, actor, _version_of(if_match), once)
            return desk.views.job(job_id, actor)

        return _tagged(response, await run_in_threadpool(change))

    @router.delete("/{job_id}", status_code=204)
    async def remove_job(
        job_id: str,
        request: Request,
        actor: Annotated[Actor, administers],
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        """Remove a job; its executions stay."""
        once = await once_of(request, idempotency_key, actor)
        version = _version_of(if_match)
        await run_in_threadpool(desk.jobs.remove, job_id, actor, version, once)


def _add_starting(router: APIRouter, desk: ControlDesk, access: Access) -> None:
    operates = Depends(access.gate("operate", takes_key=True))

    def start(path: str, deed: Callable[..., RunRecord], told: str) -> None:
        @router.post(path, status_code=202, summary=told)
        async def start_job(
            job_id: str,
            request: Request,
            response: Response,
            actor: Annotated[Actor, operates],
            idempotency_key: IdempotencyKey = None,
        ) -> ExecutionModel:
            once = await once_of(request, idempotency_key, actor)
            record = await run_in_threadpool(deed, job_id, actor, once)
            return started(response, record)

    start("/{job_id}/execute", desk.starts.execute, "Start a job now")
    start("/{job_id}/retry", desk.starts.retry_job, "Start a job's last execution again")


def started(response: Response, record: RunRecord) -> ExecutionModel:
    """Return an execution that was started, and tell where it can be looked at."""
    response.headers["Location"] = f"/scheduler/execucoes/{record.id}"
    return execution_model(Execution(record, None))


def _of_the_caller(asked: JobRequest, actor: Actor) -> JobRequest:
    """Return a job as the caller's own, where he sees one tenant alone and names none."""
    if actor.tenant is None or asked.tenant_id is not None:
        return asked
    return asked.model_copy(update={"tenant_id": actor.tenant})


def _tagged(response: Response, view: JobView) -> JobModel:
    response.headers["ETag"] = f'"{view.definition.version}"'
    return job_model(view)


def _version_of(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().strip('"')
    # No version is negative: what is no tag of ours never matches.
    return int(text) if text.isascii() and text.isdigit() else -1
