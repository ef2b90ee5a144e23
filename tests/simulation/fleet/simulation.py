"""Drives a fleet of processes through days and nights of many tenants."""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import fields
from datetime import datetime, time, timedelta
from functools import cache
from typing import cast

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.shards import ShardLimits
from aegis_batch.domain.events import Event, RunEvent
from aegis_batch.domain.rate_limit import RateLimit
from aegis_batch.domain.run import JobKind, Run, RunState
from aegis_batch.domain.schedule import Schedule, ScheduleKind, Timing
from tests.simulation.fleet.crew import Crew
from tests.simulation.fleet.laws import FleetLaws
from tests.simulation.fleet.lease_laws import LeaseLaws
from tests.simulation.fleet.mall import CATCH_UP, Mall
from tests.simulation.fleet.night_laws import NightLaws
from tests.simulation.fleet.plan import POINTS
from tests.simulation.fleet.process import LEASE_SECONDS
from tests.simulation.fleet.stage import Life, Stage
from tests.simulation.fleet.station import Station
from tests.simulation.fleet.trouble import Trouble
from tests.simulation.law import BrokenLawError
from tests.simulation.plan import Plan

__all__ = ["FleetSimulation"]

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
# From this hour of UTC on, when it is no night in any zone, nothing goes wrong for a while.
_CALM_HOUR = 9
_CALM = 3 * _HOUR
_SECOND_LOOK = _HOUR
_JUST_NOW = timedelta(minutes=20)
_STEPS_A_DAY_MAX = 400_000
# How often something comes over all, on average, between one morning and the next.
_TROUBLES_A_DAY = 1.5
# Of all worlds, those with limits for tenants, and those with breakers.
_LIMITED = 0.3
_BREAKING = 0.6


class FleetSimulation:
    """One world: its tenants, its machines, and one state that all share."""

    def __init__(self, seed: int, days: int, *, show: Callable[[str], None] | None = None) -> None:
        """Take the seed, from which everything follows, and the number of days."""
        self.reached: Counter[str] = Counter()
        self.digest = hashlib.sha256()
        self._show = show
        self._plan = plan = Plan(seed, POINTS)
        self._days = days
        self.mall = mall = Mall(plan.random, days)
        self.clock = clock = InMemoryClock(mall.begin)
        queue = InMemoryWorkQueue()
        state = InMemoryState(queue, clock.now)
        backend = InMemoryReportGateway()
        schedules = list(_schedules(mall))
        self._leases = LeaseLaws(state, queue, clock.monotonic_seconds, LEASE_SECONDS, self._reach)
        self._nights = NightLaws(mall, schedules, backend, clock.now, self._reach)
        self._laws = FleetLaws(mall, backend, self._leases, self._nights, self._reach)
        self._trouble = Trouble(plan, self._reach)
        limit = RateLimit.parse("1/60s") if plan.random.random() < _LIMITED else None
        self._leases.permit_seconds = 0.0 if limit is None else limit.period.total_seconds()
        self._stage = Stage(plan.random, clock, self._died)
        sizes = (1, 2, 3, 5, 8, 20, 50)
        shards = ShardLimits(plan.random.choice(sizes), plan.random.choice((0, 0, 900)))
        station = Station(
            plan=plan,
            stage=self._stage,
            clock=clock,
            mall=mall,
            state=state,
            queue=queue,
            backend=backend,
            notifier=InMemoryNotifier(),
            pulse=InMemoryPulse(state),
            identifiers=InMemoryIdentifiers(seed % 2**32),
            trouble=self._trouble,
            laws=self._laws,
            shards=shards,
            limit=limit,
            breaks=plan.random.random() < _BREAKING,
            schedules=schedules,
            tell=self._tell,
            reached=self._reach,
        )
        self._crew = Crew(station)
        self.tenant_days = 0

    def run(self) -> None:
        """Let all days pass; raises ``BrokenLawError``."""
        begin = self.mall.begin
        for number in range(self._days):
            morning = begin + number * _DAY
            self._live_until(morning + timedelta(minutes=1))
            self._trouble.end()
            self._plan.is_calm = True
            self._crew.wake_all()
            self._crew.look_after_all()
            self._live_until(morning + _SECOND_LOOK)
            self.mall.mend(self.clock.now())
            self._crew.look_after_all()
            self._live_until(morning + _CALM)
            self._of_calm(morning)
            self._plan.is_calm = False
            self._trouble.begin_day([tenant.id for tenant in self.mall.present(self.clock.now())])
            self._have_a_day(morning + _CALM, morning + _DAY)
        self.tenant_days = len(self._nights.closed)
        self.reached.update(self._plan.struck)

    def _have_a_day(self, begin: datetime, end: datetime) -> None:
        """Let trouble come at its moments, as it is planned for a day."""
        chance = self._plan.random
        moments = sorted(
            begin + (end - begin) * chance.random()
            for _ in range(chance.randint(0, round(2 * _TROUBLES_A_DAY)))
        )
        for moment in moments:
            self._live_until(moment)
            what = chance.choice(("backend", "orders", "state", "kill", "kill", "freeze", "stop"))
            if what in ("backend", "orders", "state"):
                self._trouble.come(what, self.clock.now())
            else:
                self._crew.befall(what)
        self._live_until(end)

    def _live_until(self, end: datetime) -> None:
        steps = 0
        while (now := self.clock.now()) < end:
            steps += 1
            if steps > _STEPS_A_DAY_MAX:
                raise BrokenLawError("it goes on and on without getting anywhere")
            self._trouble.look(now)
            self._crew.man(now)
            until = min(
                filter(None, (end, self._trouble.next_end(now), self._crew.next_start(now)))
            )
            before = self.clock.monotonic_seconds()
            self._stage.step(before + (until - now).total_seconds())
            if self.clock.monotonic_seconds() != before:
                self._crew.note_who_is_well(before)
                self._leases.of_time(self._crew.well_since)

    def _of_calm(self, morning: datetime) -> None:
        """Hold what must be true when nothing has gone wrong for hours."""
        now = self.clock.now()
        for record in self._laws.unfinished.values():
            is_to_come = record.state is RunState.QUEUED and record.due_at > now - _JUST_NOW
            if not is_to_come:
                raise BrokenLawError(f"after {_CALM} of calm a run is {record.state}: {record}")
        self._leases.of_calm()
        self._nights.of_calm(morning)
        self._crew.of_the_chains()

    def _died(self, life: Life, where: str) -> None:
        self._reach("process: died")
        self._line(f"{life.name} died at {where}")

    def _tell(self, life: Life, event: Event) -> None:
        text = _told(event)
        if not isinstance(event, RunEvent):
            self._reach(f"event: {event.name}")
        self._line(f"{life.name} {text}")
        self._laws.of_an_event(life, event, text)

    def _line(self, text: str) -> None:
        self.digest.update(text.encode() + b"\n")
        if self._show is not None:
            self._show(f"{self.clock.now():%d %H:%M:%S} {text}")

    def _reach(self, what: str) -> None:
        self.reached[what] += 1


@cache
def _names_of(kind: Hashable) -> tuple[str, ...]:
    return tuple(each.name for each in fields(cast("type[Event]", kind)))


def _told(event: Event) -> str:
    told = ((name, getattr(event, name)) for name in _names_of(cast("Hashable", type(event))))
    return f"{event.name} " + " ".join(
        f"{name}={value.id if isinstance(value, Run) else value}"
        for name, value in told
        if value is not None
    )


def _schedules(mall: Mall) -> list[Schedule]:
    schedules = []
    for zone in mall.zones:
        mark = "" if zone is None else f"@{zone}"
        for name, job, at in (
            ("daily-close", JobKind.NIGHT, time(2, 0)),
            ("close-deadline", JobKind.DEADLINE, time(6, 0)),
        ):
            timing = Timing(
                ScheduleKind.CRON,
                cron=f"0 {at.minute} {at.hour} * * *",
                zone=mall.zone_name(zone),
            )
            schedules.append(
                Schedule(name + mark, job, timing, catch_up=CATCH_UP, newest_only=True)
            )
    return schedules
