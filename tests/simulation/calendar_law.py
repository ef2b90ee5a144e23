"""The calendar law: whatever a zone's clock does, each business date is closed exactly once.

The real scheduler, nights and closes over the memory adapters, with a clock that is put to each
next nominal time. ``python -m tests.simulation.calendar_law`` tries every change of every zone.
"""

import sys
import time as stopwatch
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.resource_meter import InMemoryResourceMeter
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.schedule import Schedule, ScheduleKind, Timing
from aegis_batch.domain.seal import Versions
from tests.clock_changes import zones_that_change
from tests.simulation.program import Ports, Program

__all__ = ["CLOSINGS", "Change", "all_changes", "closes_near", "main", "sampled_changes"]

CLOSINGS = (time(0, 0), time(0, 30), time(2, 0), time(2, 30), time(23, 30))
_DAY = timedelta(days=1)
_CATCH_UP = 7 * _DAY
_NIGHTS_MAX = 20


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a zone's clock, from one offset to another; both in seconds."""

    zone_name: str
    at: datetime
    before: int
    after: int

    @property
    def day(self) -> date:
        """The date that the clock showed just before it changed."""
        return (self.at + timedelta(seconds=self.before - 1)).date()

    @property
    def shape(self) -> tuple[time, int]:
        """What the change looks like on a clock, be it in whatever zone and year."""
        return ((self.at + timedelta(seconds=self.before)).time(), self.after - self.before)


@cache
def all_changes() -> tuple[Change, ...]:
    """Return every change from 2000 to 2037."""
    return tuple(
        Change(name, datetime.fromtimestamp(now.start, UTC), known.offset, now.offset)
        for name, stretches in zones_that_change().items()
        for known, now in pairwise(stretches)
    )


def sampled_changes() -> list[Change]:
    """Return the first change of each shape, and the last one of each zone."""
    shapes: dict[tuple[time, int], Change] = {}
    for change in all_changes():
        shapes.setdefault(change.shape, change)
    last = {change.zone_name: change for change in all_changes()}
    return list(dict.fromkeys([*shapes.values(), *last.values()]))


def closes_near(change: Change, closing: time) -> tuple[list[date], Counter[date]]:
    """Let the program live through a change; return the days due, and how often each was closed.

    It begins three days before, and ends when the nights of two days after have come.
    """
    zone = _zone(change.zone_name)
    first_day = change.day - 3 * _DAY
    last_day = change.day + 2 * _DAY
    clock = InMemoryClock(datetime.combine(first_day, time(12), tzinfo=zone))
    until = datetime.combine(last_day + _DAY, time(23, 59), tzinfo=zone)
    queue = InMemoryWorkQueue()
    backend = InMemoryReportGateway()
    state = InMemoryState(queue)
    calendar = Calendar(zone, change.zone_name)
    timing = Timing(
        ScheduleKind.CRON,
        cron=f"0 {closing.minute} {closing.hour} * * *",
        zone=change.zone_name,
    )
    program = Program(
        Ports(
            clock=clock,
            state=state,
            queue=queue,
            orders=InMemoryOrderReader([]),
            reports=backend,
            notifier=InMemoryNotifier(()),
            metrics=InMemoryMetricsSink(),
            identifiers=InMemoryIdentifiers(),
            pulse=InMemoryPulse(state),
            meter=InMemoryResourceMeter(),
        ),
        ReportPolicy(InMemoryCalendars(calendar), Rules(), Versions("0", "0", "0")),
        Expectation(calendar, _CATCH_UP, close_from=first_day),
    )
    program.start([Schedule("daily-close", JobKind.NIGHT, timing, newest_only=True)])
    for _ in range(_NIGHTS_MAX):
        with state.turn() as turn:
            due_at = turn.schedules.next_due_at()
        if due_at is None or due_at > until:
            break
        clock.set(due_at)
        program.heart.beat()
        while work := queue.take_due(clock.now()):
            for each in work:
                queue.perform(each)
    with state.turn() as turn:
        closes = turn.runs.search(RunFilter(job=JobKind.CLOSE), 1_000)
    closed = Counter(run.key.period.first_day for run in closes if run.state is RunState.SUCCEEDED)
    # An attempt that came to another end, or a report sent twice, counts as a close too many.
    closed.update(run.key.period.first_day for run in closes if run.attempt != 1)
    if len(backend.bodies) != len(closes):
        closed.update(key.period.first_day for key in backend.stored)
    days = [first_day + number * _DAY for number in range((last_day - first_day).days + 1)]
    return days, closed


def broken_near(change: Change) -> list[str]:
    """Return, for each closing time at which a day isn't closed just once, what is wrong."""
    wrong = []
    for closing in CLOSINGS:
        days, closed = closes_near(change, closing)
        if closed != Counter(days):
            wrong.append(f"{change} at {closing}: {sorted(closed.items())}")
    return wrong


def main() -> int:
    """Try every change with every closing time, and return the exit status."""
    begun = stopwatch.monotonic()
    changes = all_changes()
    with ProcessPoolExecutor(2) as pool:
        wrong = [line for lines in pool.map(broken_near, changes, chunksize=50) for line in lines]
    print("\n".join(wrong[:20]))
    seconds = stopwatch.monotonic() - begun
    nights = len(changes) * len(CLOSINGS)
    print(
        f"{len(changes)} changes, {nights} with all closing times, {len(wrong)} broken;"
        f" {seconds:.0f} s"
    )
    return 1 if wrong else 0


@cache
def _zone(name: str) -> ZoneInfo:
    return load_zone(name)


if __name__ == "__main__":
    sys.exit(main())
