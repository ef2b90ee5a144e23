"""What the control plane works with."""

from collections.abc import Callable
from dataclasses import dataclass

from aegis_batch.application.auditing import Auditing
from aegis_batch.application.cancelling import CancelRunUseCase
from aegis_batch.application.job_control import JobControl
from aegis_batch.application.job_pauses import JobPauses
from aegis_batch.application.job_starts import JobStarts
from aegis_batch.application.job_views import JobViews
from aegis_batch.application.ports.clock import Clock

__all__ = ["ControlDesk", "ControlLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlLimits:
    """How much there is room for; ``wait_seconds`` is how long a request waits for a rebuild."""

    pool_size: int
    at_once: int
    waiting_max: int
    wait_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDesk:
    """The use cases, and what the deployment is like.

    ``zone_name`` is that of cron expressions that name none, ``single_tenant`` whose all is where
    there are not several, and ``connections`` counts those to the state that are in use.
    """

    jobs: JobControl
    pauses: JobPauses
    starts: JobStarts
    views: JobViews
    cancelling: CancelRunUseCase
    auditing: Auditing
    clock: Clock
    limits: ControlLimits
    zone_name: str
    single_tenant: str | None
    knows_tenant: Callable[[str], bool]
    connections: Callable[[], int]
    version: str
