"""What all machines of a world share, and how one process comes to its ports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.shards import ShardLimits
from aegis_batch.domain.events import Event
from aegis_batch.domain.rate_limit import RateLimit
from aegis_batch.domain.schedule import Schedule
from tests.simulation.fleet.laws import FleetLaws
from tests.simulation.fleet.mall import Mall
from tests.simulation.fleet.ports_inside import (
    Calls,
    FleetClock,
    FleetPulse,
    FleetSink,
    FleetState,
)
from tests.simulation.fleet.ports_outside import (
    FleetDirectory,
    FleetGateway,
    FleetNotifier,
    FleetOrders,
)
from tests.simulation.fleet.process import LEASE_SECONDS, FleetPorts, Process
from tests.simulation.fleet.queue import SharedQueue
from tests.simulation.fleet.stage import Life, Stage
from tests.simulation.fleet.trouble import Trouble
from tests.simulation.plan import Plan

__all__ = ["Machine", "Station"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """What all machines of a world share."""

    plan: Plan
    stage: Stage
    clock: InMemoryClock
    mall: Mall
    state: InMemoryState
    queue: InMemoryWorkQueue
    backend: InMemoryReportGateway
    notifier: InMemoryNotifier
    pulse: InMemoryPulse
    identifiers: InMemoryIdentifiers
    trouble: Trouble
    laws: FleetLaws
    shards: ShardLimits
    limit: RateLimit | None
    breaks: bool
    schedules: list[Schedule]
    tell: Callable[[Life, Event], None]
    reached: Callable[[str], None]

    def calls(self, life: Life) -> Calls:
        """Return what the calls of a process have in common."""
        return Calls(self.stage, self.plan, life, LEASE_SECONDS)

    def process(self, life: Life) -> Process:
        """Wire a process."""
        return Process(
            self.ports(life),
            self.mall,
            self.shards,
            self.stage,
            life,
            self.limit,
            breaks=self.breaks,
        )

    def ports(self, life: Life) -> FleetPorts:
        """Return what a process reaches."""
        calls = self.calls(life)

        def is_down() -> bool:
            return self.trouble.state_is_down

        return FleetPorts(
            clock=FleetClock(calls, self.clock),
            state=FleetState(calls, self.state, self.clock, self.laws.committed, is_down),
            queue=SharedQueue(self.queue, life.name),
            orders=FleetOrders(calls, self.mall, self.clock, self.trouble, self.laws),
            reports=FleetGateway(calls, self.backend, self.trouble, self.laws),
            directory=FleetDirectory(calls, self.mall, self.clock),
            notifier=FleetNotifier(calls, self.notifier),
            metrics=FleetSink(calls, partial(self.tell, life)),
            identifiers=self.identifiers,
            pulse=FleetPulse(calls, self.pulse, is_down, partial(self.laws.leases.beat, life)),
        )


@dataclass(slots=True)
class Machine:
    """A place for a process: one is started again a while after the last has ended."""

    name: str
    role: str
    workers: int
    starts_at: datetime
    life: Life | None = None
    process: Process | None = None
    lives: int = 0
