"""The scheduler as a whole: how it stands, its metrics, its pauses, and events (``spec/2``)."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from aegis_batch.adapters.inbound.control.access import Access, GatedRoute
from aegis_batch.adapters.inbound.control.contract import (
    Asked,
    Moment,
    instant_text,
    like,
    text_of,
)
from aegis_batch.adapters.inbound.control.desk import ControlDesk
from aegis_batch.adapters.inbound.control.metrics_text import MEDIA_TYPE, metrics_text
from aegis_batch.adapters.inbound.control.paging import IdempotencyKey, once_of
from aegis_batch.application.actor import Actor
from aegis_batch.application.ports.scheduler_pauses import EVERYTHING
from aegis_batch.application.scheduler_metrics import scheduler_metrics
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job import job_id_of
from aegis_batch.domain.job_event import (
    EVENT_DATA_BYTES_MAX,
    EVENT_ID,
    EVENT_TYPE,
    JobEvent,
)
from aegis_batch.domain.payload import checked_payload

__all__ = ["scheduler_routes", "tenant_of"]


class PauseRequest(Asked):
    """What is paused, or goes on: a group, or without one all of it; and why."""

    grupo_job: str | None = Field(default=None, min_length=1, max_length=63)
    motivo: str | None = Field(default=None, max_length=2_000)


class PauseModel(BaseModel):
    """A pause: of a group, of a job, or without either of all."""

    grupo_job: str | None
    job_id: str | None
    pausado_por: str
    pausado_em: str
    motivo: str


class Limits(BaseModel):
    """How much there is room for."""

    pool: int
    simultaneos: int
    fila: int


class StatusAnswer(BaseModel):
    """How the scheduler stands."""

    status: Literal["RUNNING", "PAUSED"]
    pausas: list[PauseModel]
    jobs_ativos: int
    em_execucao: int
    em_fila: int
    limites: Limits
    proxima_execucao: str | None
    servidores: list[str]
    versao: str


class PausedAnswer(BaseModel):
    """What was paused, by whom and when."""

    status: Literal["PAUSED"] = "PAUSED"
    grupo_job: str | None
    pausado_por: str
    pausado_em: str


class ResumedAnswer(BaseModel):
    """What goes on."""

    status: Literal["RUNNING"] = "RUNNING"
    grupo_job: str | None


class LockAnswer(BaseModel):
    """How long the lock was waited for."""

    status: Literal["OK"] = "OK"
    adquirido: bool
    liberado: bool
    espera_ms: float
    leases_ativos: int


class EventRequest(Asked):
    """Something that happened elsewhere."""

    tipo: str = Field(max_length=100, json_schema_extra=like(EVENT_TYPE))
    id: str = Field(max_length=200, json_schema_extra=like(EVENT_ID))
    tenant_id: str | None = Field(default=None, max_length=200)
    ocorrido_em: Moment = None
    dados: dict[str, Any] | None = None


class StartedByEvent(BaseModel):
    """A job that an event started, or why it did not."""

    nome_job: str
    execucao_id: str | None = None
    motivo: str | None = None


class EventAnswer(BaseModel):
    """What an event came to; one that had come before starts nothing."""

    id: str
    novo: bool
    jobs: list[StartedByEvent]


def scheduler_routes(desk: ControlDesk, access: Access) -> APIRouter:
    """Return the routes of the scheduler."""
    router = APIRouter(prefix="/scheduler", tags=["scheduler"], route_class=GatedRoute)
    _add_looking(router, desk, access)
    _add_pausing(router, desk, access)
    _add_events(router, desk, access)
    return router


def _add_looking(router: APIRouter, desk: ControlDesk, access: Access) -> None:
    reads = Depends(access.gate("read"))

    @router.get("/status")
    def status(actor: Annotated[Actor, reads]) -> StatusAnswer:
        """Say how the scheduler stands; to a token of one tenant, how its own jobs do."""
        figures = desk.views.figures(desk.clock.now(), actor, with_totals=False)
        pauses = [
            PauseModel(
                grupo_job=None if scope == EVERYTHING or job_id_of(scope) else scope,
                job_id=job_id_of(scope),
                pausado_por=pause.by,
                pausado_em=text_of(pause.at),
                motivo=pause.note,
            )
            for scope, pause in sorted(figures.pauses.items())
        ]
        return StatusAnswer(
            status="PAUSED" if EVERYTHING in figures.pauses else "RUNNING",
            pausas=pauses,
            jobs_ativos=figures.active_jobs,
            em_execucao=figures.running,
            em_fila=figures.waiting,
            limites=Limits(
                pool=desk.limits.pool_size,
                simultaneos=desk.limits.at_once,
                fila=desk.limits.waiting_max,
            ),
            proxima_execucao=instant_text(figures.next_due_at),
            servidores=list(figures.executors),
            versao=desk.version,
        )

    @router.get("/metrics", response_class=PlainTextResponse)
    def metrics(actor: Annotated[Actor, reads]) -> Response:
        """Return the metrics, as Prometheus reads them; a token of one tenant gets a 403."""
        figures = desk.views.figures(desk.clock.now(), actor)
        told = metrics_text(scheduler_metrics(figures, access.refused))
        return Response(told, media_type=MEDIA_TYPE)


def _add_pausing(router: APIRouter, desk: ControlDesk, access: Access) -> None:
    administers = Depends(access.gate("admin"))

    @router.post("/pause")
    async def pause(
        request: Request,
        actor: Annotated[Actor, administers],
        asked: PauseRequest | None = None,
        idempotency_key: IdempotencyKey = None,
    ) -> PausedAnswer:
        """Pause the scheduler, or a group of jobs: firings are skipped."""
        _refuse_one_tenant(actor)
        asked = asked or PauseRequest()
        once = await once_of(request, idempotency_key, actor)
        made = await run_in_threadpool(
            desk.pauses.pause_all, asked.grupo_job, asked.motivo or "no reason given", actor, once
        )
        return PausedAnswer(
            grupo_job=asked.grupo_job, pausado_por=made.by, pausado_em=text_of(made.at)
        )

    @router.post("/resume")
    async def resume(
        request: Request,
        actor: Annotated[Actor, administers],
        asked: PauseRequest | None = None,
        idempotency_key: IdempotencyKey = None,
    ) -> ResumedAnswer:
        """Let the scheduler, or a group of jobs, go on."""
        _refuse_one_tenant(actor)
        asked = asked or PauseRequest()
        once = await once_of(request, idempotency_key, actor)
        await run_in_threadpool(desk.pauses.resume_all, asked.grupo_job, actor, once)
        return ResumedAnswer(grupo_job=asked.grupo_job)

    @router.post("/admin/test-lock")
    def test_lock(actor: Annotated[Actor, administers]) -> LockAnswer:
        """Take the lock that all changes wait for, and let it go."""
        waited_ms, held = desk.auditing.test_lock(actor)
        return LockAnswer(
            adquirido=True, liberado=True, espera_ms=round(waited_ms, 3), leases_ativos=held
        )


def _add_events(router: APIRouter, desk: ControlDesk, access: Access) -> None:
    starts = Depends(access.gate("operate", takes_key=True))

    @router.post("/events", status_code=202)
    def take_event(asked: EventRequest, actor: Annotated[Actor, starts]) -> EventAnswer:
        """Start the jobs that a type of events starts, once for each event."""
        event = _event_of(asked, tenant_of(desk, actor, asked.tenant_id), desk.clock.now())
        taken = desk.starts.take_event(event, actor)
        jobs = [
            StartedByEvent(nome_job=record.task.job_name, execucao_id=record.id)
            for record in taken.started
            if record.task is not None
        ]
        jobs += [StartedByEvent(nome_job=name, motivo=why) for name, why in taken.left_out]
        return EventAnswer(id=event.id, novo=taken.is_new, jobs=jobs)


def tenant_of(desk: ControlDesk, actor: Actor, named: str | None) -> str:
    """Return whose something is that a request starts.

    Raises ``InvalidRequest`` (``unknown_tenant``) where it names none, or one that there isn't.
    """
    tenant = named or actor.tenant or desk.single_tenant
    if tenant is None or not desk.knows_tenant(tenant):
        raise InvalidRequest(
            "unknown_tenant", "There is no such tenant.", "Name one of the directory."
        )
    return tenant


def _event_of(asked: EventRequest, tenant: str, now: datetime) -> JobEvent:
    try:
        data = checked_payload(asked.dados or {}, EVENT_DATA_BYTES_MAX)
        at = now if asked.ocorrido_em is None else asked.ocorrido_em.astimezone(UTC)
        return JobEvent(asked.id, asked.tipo, tenant, at, data)
    except ValueError as error:
        raise InvalidRequest(
            "invalid_event", f"The event {error}.", "What an event can be is in docs/jobs.md."
        ) from None


def _refuse_one_tenant(actor: Actor) -> None:
    if actor.tenant is not None:
        raise InvalidRequest(
            "tenant_forbidden", "The scheduler is everyone's.", "Ask who sees all tenants."
        )
