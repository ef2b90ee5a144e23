"""The names and forms that clients see (``spec/2``), and the domain's own behind them.

This is the one place where both are known.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from aegis_batch.application.job_drafts import ENDPOINT, NAME, JobDraft, unfit
from aegis_batch.application.job_views import Execution, JobView
from aegis_batch.domain.condition import Condition, ConditionKind
from aegis_batch.domain.job import Category, TaskKind, job_id_of
from aegis_batch.domain.job_status import JobStatus
from aegis_batch.domain.schedule import ScheduleKind, Timing
from aegis_batch.domain.task import Priority

__all__ = [
    "Asked",
    "ConditionModel",
    "ExecutionModel",
    "JobModel",
    "JobRequest",
    "Moment",
    "execution_model",
    "instant_text",
    "job_draft",
    "job_model",
    "like",
    "text_of",
]

_MILLISECOND = timedelta(milliseconds=1)
_INTERVAL_MS_MAX = 366 * 86_400_000


def _instant(value: object) -> object:
    """Return an instant of text; a time without a zone is UTC."""
    if not isinstance(value, str):
        if value is None:
            return None
        raise ValueError("is no text")
    try:
        instant = datetime.fromisoformat(value)
        return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no date and time of ISO 8601") from None


Moment = Annotated[datetime | None, BeforeValidator(_instant, json_schema_input_type=str | None)]


class ConditionName(StrEnum):
    """The kinds of conditions, as clients name them."""

    DIAS_SEMANA = "dias_semana"
    DIAS_MES = "dias_mes"
    ENTRE_HORAS = "entre_horas"
    A_PARTIR_DE = "a_partir_de"
    ATE = "ate"


_KIND_OF = {
    ConditionName.DIAS_SEMANA: ConditionKind.WEEKDAYS,
    ConditionName.DIAS_MES: ConditionKind.DAYS_OF_MONTH,
    ConditionName.ENTRE_HORAS: ConditionKind.BETWEEN,
    ConditionName.A_PARTIR_DE: ConditionKind.FROM_DAY,
    ConditionName.ATE: ConditionKind.UNTIL_DAY,
}
_NAME_OF = {kind: name for name, kind in _KIND_OF.items()}
_TASK_OF = {
    "http": TaskKind.HTTP,
    "fechamento_diario": TaskKind.DAILY_CLOSE,
    "fechamento_semanal": TaskKind.WEEKLY_CLOSE,
    "fechamento_mensal": TaskKind.MONTHLY_CLOSE,
    "reconstrucao": TaskKind.REBUILD,
    "verificacao": TaskKind.VERIFY,
    "retencao": TaskKind.RETENTION,
}
_TASK_NAME = {task: name for name, task in _TASK_OF.items()}
TaskName = Literal[
    "http",
    "fechamento_diario",
    "fechamento_semanal",
    "fechamento_mensal",
    "reconstrucao",
    "verificacao",
    "retencao",
]


def like(pattern: re.Pattern[str]) -> dict[str, JsonValue]:
    """Return what the document says of a text that the application checks by a pattern."""
    return {"pattern": f"^{pattern.pattern}$"}


class Asked(BaseModel):
    """What is asked in a body; what no database stores is no text."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _no_nul(self) -> Self:
        for value in self.__dict__.values():
            texts = value if isinstance(value, list) else [value]
            if any(isinstance(text, str) and "\0" in text for text in texts):
                raise ValueError("a text holds a NUL")
        return self


class ConditionModel(Asked):
    """A condition: its kind and its values."""

    tipo: ConditionName
    valores: list[str] = Field(max_length=50)


class JobRequest(Asked):
    """A job as clients send it; what only the server says is taken, and left alone."""

    nome_job: str = Field(max_length=63, json_schema_extra=like(NAME))
    descricao: str | None = Field(default=None, max_length=2_000)
    tipo_job: ScheduleKind | None = None
    expressao_cron: str | None = Field(default=None, max_length=200)
    fuso_horario: str | None = Field(default=None, max_length=100)
    intervalo_ms: int | None = Field(default=None, ge=1_000, le=_INTERVAL_MS_MAX)
    servico_alvo: str | None = Field(default=None, max_length=63)
    endpoint_execucao: str | None = Field(
        default=None, max_length=500, json_schema_extra=like(ENDPOINT)
    )
    metodo_http: Literal["GET", "POST", "PUT", "DELETE"] | None = None
    payload_json: dict[str, Any] | None = None
    ativo: bool = True
    max_tentativas: int | None = Field(default=None, ge=1, le=20)
    timeout_segundos: int | None = Field(default=None, ge=1, le=86_400)
    prioridade: Priority | None = None
    grupo_job: str | None = Field(default=None, max_length=63, json_schema_extra=like(NAME))
    dependencias: list[str] | None = Field(default=None, max_length=50)
    condicoes_execucao: list[ConditionModel] | None = Field(default=None, max_length=50)
    proxima_execucao: Moment = None
    categoria: Category = Category.BUSINESS
    tarefa: TaskName = "http"
    eventos: list[str] | None = Field(default=None, max_length=50)
    tenant_id: str | None = Field(default=None, max_length=200)
    repeticao_imediata: bool | None = None

    id: Any = None
    criado_por: Any = None
    criado_em: Any = None
    atualizado_em: Any = None
    versao: Any = None


class JobModel(BaseModel):
    """A job as clients see it."""

    id: str
    nome_job: str
    descricao: str
    tipo_job: ScheduleKind | None
    expressao_cron: str | None
    fuso_horario: str | None
    intervalo_ms: int | None
    servico_alvo: str | None
    endpoint_execucao: str | None
    metodo_http: str | None
    payload_json: dict[str, Any] | None
    ativo: bool
    max_tentativas: int
    timeout_segundos: int
    prioridade: Priority
    grupo_job: str | None
    dependencias: list[str]
    condicoes_execucao: list[ConditionModel]
    criado_por: str
    criado_em: str
    atualizado_em: str
    proxima_execucao: str | None
    categoria: Category
    tarefa: TaskName
    eventos: list[str]
    tenant_id: str
    repeticao_imediata: bool
    versao: int


class ExecutionModel(BaseModel):
    """An execution as clients see it; ``logs_execucao`` where one is asked for by itself."""

    id: str
    job_id: str | None
    nome_job: str
    inicio_execucao: str | None
    fim_execucao: str | None
    status: JobStatus
    resultado: dict[str, Any] | None
    erro_mensagem: str | None
    tentativa_numero: int
    duracao_ms: int | None
    servidor_execucao: str | None
    recursos_utilizados: dict[str, float | int | None] | None
    logs_execucao: str | None
    tenant_id: str
    gatilho: str
    solicitado_por: str
    criado_em: str


def job_draft(asked: JobRequest, zone_name: str) -> JobDraft:
    """Return a request as a draft; ``zone_name`` is that of cron expressions that name none.

    Raises ``InvalidRequest``.
    """
    try:
        conditions = [
            Condition(_KIND_OF[each.tipo], tuple(each.valores))
            for each in asked.condicoes_execucao or ()
        ]
    except ValueError as error:
        raise unfit("conditions", str(error)) from None
    is_http = asked.tarefa == "http"
    return JobDraft(
        name=asked.nome_job,
        task=_TASK_OF[asked.tarefa],
        tenant=asked.tenant_id,
        description=asked.descricao or "",
        timing=_timing(asked, zone_name),
        events=asked.eventos or (),
        service=asked.servico_alvo,
        endpoint=asked.endpoint_execucao,
        method=(asked.metodo_http or "POST") if is_http else "POST",
        payload=asked.payload_json,
        is_active=asked.ativo,
        category=asked.categoria,
        priority=asked.prioridade,
        attempts_max=asked.max_tentativas,
        timeout_seconds=asked.timeout_segundos,
        immediate_retry=asked.repeticao_imediata,
        group=asked.grupo_job,
        depends_on=asked.dependencias or (),
        conditions=conditions,
    )


def _timing(asked: JobRequest, zone_name: str) -> Timing | None:
    kind = asked.tipo_job
    if kind is None:
        if asked.expressao_cron is not None or asked.intervalo_ms is not None:
            raise unfit("kind", "is missing (tipo_job), and it has a time")
        return None
    every = None if asked.intervalo_ms is None else asked.intervalo_ms * _MILLISECOND
    zone = (asked.fuso_horario or zone_name) if kind is ScheduleKind.CRON else None
    # The next time of the others is worked out: what a client sends back of it says nothing.
    at = asked.proxima_execucao if kind is ScheduleKind.ONE_TIME else None
    try:
        return Timing(kind, cron=asked.expressao_cron, zone=zone, every=every, at=at)
    except ValueError:
        raise unfit("times", f"don't go with the kind {kind}") from None


def job_model(view: JobView) -> JobModel:
    """Return a job as clients see it."""
    job, timing = view.definition, view.definition.timing
    next_at = view.next_at
    if timing is not None and timing.kind is ScheduleKind.ONE_TIME:
        next_at = timing.at
    return JobModel(
        id=job.id,
        nome_job=job.name,
        descricao=job.description,
        tipo_job=None if timing is None else timing.kind,
        expressao_cron=None if timing is None else timing.cron,
        fuso_horario=None if timing is None else timing.zone,
        intervalo_ms=timing.every // _MILLISECOND if timing and timing.every else None,
        servico_alvo=job.service,
        endpoint_execucao=job.endpoint,
        metodo_http=job.method if job.task is TaskKind.HTTP else None,
        payload_json=None if job.payload is None else json.loads(job.payload),
        ativo=job.is_active,
        max_tentativas=job.attempts_max,
        timeout_segundos=job.timeout_seconds,
        prioridade=job.priority,
        grupo_job=job.group,
        dependencias=list(job.depends_on),
        condicoes_execucao=[
            ConditionModel(tipo=_NAME_OF[each.kind], valores=list(each.values))
            for each in job.conditions
        ],
        criado_por=job.created_by,
        criado_em=text_of(job.created_at),
        atualizado_em=text_of(job.updated_at),
        proxima_execucao=instant_text(next_at),
        categoria=job.category,
        tarefa=_TASK_NAME[job.task],  # type: ignore[arg-type]  # the same words as in TaskName
        eventos=list(job.events),
        tenant_id=job.tenant,
        repeticao_imediata=job.immediate_retry,
        versao=job.version,
    )


def execution_model(execution: Execution) -> ExecutionModel:
    """Return an execution as clients see it."""
    record = execution.record
    problem = record.problem
    name = record.task.job_name if record.task else record.schedule or record.job.value
    used: dict[str, float | int | None] = {
        "cpu_segundos": record.cpu_seconds,
        "memoria_bytes": record.peak_memory_bytes,
        "requisicoes": record.requests,
    }
    lines = [f"{text_of(each.at)} {each.name} {each.text}" for each in execution.timeline]
    return ExecutionModel(
        id=record.id,
        job_id=job_id_of(record.schedule) or record.schedule,
        nome_job=name,
        inicio_execucao=instant_text(record.started_at),
        fim_execucao=instant_text(record.ended_at),
        status=execution.status,
        resultado=None if execution.result is None else json.loads(execution.result.text),
        erro_mensagem=None if problem is None else f"{problem.code}: {problem.message}",
        tentativa_numero=max(record.attempt, 1),
        duracao_ms=None if record.duration_ms is None else round(record.duration_ms),
        servidor_execucao=record.executor,
        recursos_utilizados=None if record.started_at is None else used,
        logs_execucao="\n".join(lines) if execution.timeline else None,
        tenant_id=record.key.tenant,
        gatilho=record.trigger.value,
        solicitado_por=record.requested_by,
        criado_em=text_of(record.enqueued_at),
    )


def instant_text(instant: datetime | None) -> str | None:
    """Return an instant as clients see it: UTC, with a Z at its end."""
    return None if instant is None else text_of(instant)


def text_of(instant: datetime) -> str:
    """Return an instant that there is as ``instant_text`` does."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
