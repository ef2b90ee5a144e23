"""The job that calls an endpoint of a registered service."""

import json

from aegis_batch.application.jobs import Ended
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.service_caller import ServiceAnswer, ServiceCall, ServiceCaller
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job import JobDefinition, job_id_of
from aegis_batch.domain.job_events import JobCompleted, JobStarted
from aegis_batch.domain.job_result import RESULT_CHARACTERS_MAX, JobResult
from aegis_batch.domain.run_record import RunRecord

__all__ = ["HttpJob"]


class HttpJob:
    """Calls the endpoint that a job names, once an attempt, and keeps what it answered.

    The endpoint and the payload are those of the job as it is now; the limits are the run's own.
    """

    def __init__(
        self, ledger: Ledger, services: ServiceCaller, clock: Clock, metrics: MetricsSink
    ) -> None:
        """Take the ports."""
        self._ledger = ledger
        self._services = services
        self._clock = clock
        self._metrics = metrics

    def do(self, record: RunRecord) -> Ended:
        """Call the service; see ``Job``."""
        started = self._clock.monotonic_seconds()
        self._metrics.emit(JobStarted(run=record.run, at=self._clock.now(), job=record.job))
        answer = self._services.call(_call_of(self._definition_of(record), record))
        duration_ms = (self._clock.monotonic_seconds() - started) * 1000

        def keep(turn: LedgerTurn) -> None:
            turn.state.job_results.keep(JobResult(record.id, turn.now, _result_text(answer)))
            turn.tell(
                JobCompleted(
                    run=record.run,
                    at=turn.now,
                    job=record.job,
                    told=f"answered with {answer.status}",
                    duration_ms=duration_ms,
                )
            )

        return Ended(None, duration_ms, in_turn=keep)

    def _definition_of(self, record: RunRecord) -> JobDefinition:
        job_id = job_id_of(record.schedule)
        with self._ledger.look() as turn:
            definition = None if job_id is None else turn.job_definitions.get(job_id)
        if definition is None or definition.is_removed or definition.service is None:
            raise InvalidRequest(
                "job_gone",
                "The job of this run was removed, or calls no service any more.",
                "Nothing needs to be done, unless it should not have been.",
            )
        return definition


def _call_of(definition: JobDefinition, record: RunRecord) -> ServiceCall:
    assert record.task is not None  # noqa: S101 - runs of jobs have one
    assert definition.service is not None  # noqa: S101 - it was looked at
    arguments = json.loads(record.task.arguments)
    body = definition.payload
    if arguments:
        content = json.loads(body or "{}") | arguments.pop("given", {}) | arguments
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return ServiceCall(
        service=definition.service,
        endpoint=definition.endpoint or "/",
        method=definition.method,
        tenant=record.key.tenant,
        id=record.id,
        trace_id=record.trace_id,
        correlation_id=record.run.correlation_id,
        timeout_seconds=record.task.timeout_seconds,
        body=None if definition.method == "GET" else body,
    )


def _result_text(answer: ServiceAnswer) -> str:
    text, is_cut = answer.text, answer.is_cut
    if len(text) > RESULT_CHARACTERS_MAX:
        text, is_cut = text[:RESULT_CHARACTERS_MAX], True
    result = {"status": answer.status, "body": text, "cut": is_cut}
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))
