"""Health and single metrics, as Spring's Actuator has them (``spec/2``)."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from aegis_batch.adapters.inbound.control.access import Access, GatedRoute
from aegis_batch.adapters.inbound.control.desk import ControlDesk
from aegis_batch.application.actor import Actor
from aegis_batch.application.job_views import Figures
from aegis_batch.domain.errors import AegisError, InvalidRequest

__all__ = ["actuator_routes"]

_PARTS = ("db", "redis", "scheduler")
_UNAVAILABLE = 503


class Health(BaseModel):
    """Whether something is up; a word."""

    status: Literal["UP", "DOWN"]


class Measurement(BaseModel):
    """One figure of a metric."""

    statistic: str
    value: float


class Metric(BaseModel):
    """A metric."""

    name: str
    measurements: list[Measurement]
    availableTags: list[str]  # noqa: N815 - Actuator's own


def actuator_routes(desk: ControlDesk, access: Access) -> APIRouter:
    """Return the routes; whoever asks for the health needs no token, and learns a word."""
    router = APIRouter(prefix="/actuator", tags=["actuator"], route_class=GatedRoute)
    reads = Depends(access.gate("read"))

    down: dict[int | str, dict[str, object]] = {_UNAVAILABLE: {"model": Health}}

    @router.get("/health", responses=down)
    def health(response: Response) -> Health:
        """Say whether the state can be used, and so all that needs it."""
        return _health(desk, response)

    @router.get("/health/{part}", responses=down)
    def health_of(part: str, response: Response) -> Health:
        """Say the same of one part; redis stands for the lock, which is in the state."""
        if part not in _PARTS:
            raise InvalidRequest(
                "unknown_metric", "There is no such part.", f"Ask for {', '.join(_PARTS)}."
            )
        return _health(desk, response)

    @router.get("/metrics/{name}")
    def metric(name: str, actor: Annotated[Actor, reads]) -> Metric:
        """Return one metric; a token of one tenant gets a 403."""
        if name not in _METRICS:
            raise InvalidRequest(
                "unknown_metric", "There is no such metric.", f"There are {', '.join(_METRICS)}."
            )
        figures = desk.views.figures(desk.clock.now(), actor)
        measured = _METRICS[name](desk, figures)
        measurements = [
            Measurement(statistic=statistic, value=value) for statistic, value in measured.items()
        ]
        return Metric(name=name, measurements=measurements, availableTags=[])

    return router


def _health(desk: ControlDesk, response: Response) -> Health:
    try:
        desk.views.look()
    except AegisError:
        response.status_code = _UNAVAILABLE
        return Health(status="DOWN")
    return Health(status="UP")


def _durations(_: ControlDesk, figures: Figures) -> Mapping[str, float]:
    ended = [each for each in figures.totals if each.is_of_ends]
    return {
        "COUNT": sum(each.count for each in ended),
        "TOTAL_TIME": sum(each.duration_ms for each in ended) / 1000,
    }


_METRICS: Mapping[str, Callable[[ControlDesk, Figures], Mapping[str, float]]] = {
    "executor.active": lambda _, figures: {"VALUE": figures.running},
    "executor.queued": lambda _, figures: {"VALUE": figures.waiting},
    "executor.pool.size": lambda desk, _: {"VALUE": desk.limits.pool_size},
    "scheduler.execution.duration": _durations,
    "r2dbc.pool.connections": lambda desk, _: {"VALUE": desk.connections()},
}
