"""Drives the program through days and nights of a world in which everything goes wrong."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.daily_close import ReportPolicy
from aegis_batch.domain.calendar import Calendar, Window
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.errors import InvalidRequest, StateUnavailable
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.schedule import Schedule, ScheduleKind, Timing
from aegis_batch.domain.seal import Versions
from tests.simulation.laws import BrokenLawError, Laws
from tests.simulation.oracle import Oracle
from tests.simulation.orders import ShopOrders
from tests.simulation.plan import Plan, ProcessDiedError
from tests.simulation.ports import (
    FaultyGateway,
    FaultyNotifier,
    FaultyOrders,
    FaultySink,
    FaultyState,
)
from tests.simulation.program import Ports, Program, start

__all__ = ["Record", "Simulation"]

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_CATCH_UP = timedelta(days=7)
_CALM_DAYS = 4
_STEPS_A_DAY_MAX = 2_000
# Zones, and years in which their clocks do something worth being there for.
_PLACES = (
    ("America/Sao_Paulo", date(2018, 2, 1)),
    ("America/Sao_Paulo", date(2018, 10, 20)),
    ("America/Sao_Paulo", date(2026, 11, 1)),
    ("Europe/Lisbon", date(2026, 10, 10)),
    ("Europe/Lisbon", date(2027, 3, 15)),
    ("Australia/Lord_Howe", date(2026, 3, 20)),
    ("Asia/Beirut", date(2026, 3, 15)),
    ("UTC", date(2028, 2, 20)),
)
_CLOSINGS = (time(2, 0), time(0, 30), time(2, 30), time(4, 0))


@dataclass(slots=True)
class Record:
    """What happened: the lines of all events, and how often what was reached."""

    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    reached: Counter[str] = field(default_factory=Counter)
    days: int = 0

    def line(self, text: str) -> None:
        """Take a line."""
        self.digest.update(text.encode() + b"\n")


class Simulation:
    """One world, one seed, so many days; the last of them are calm."""

    def __init__(self, seed: int, days: int) -> None:
        """Take the seed, from which everything follows, and the number of days."""
        self.record = Record(days=days)
        self._plan = plan = Plan(seed)
        zone_name, first_day = plan.random.choice(_PLACES)
        closing = plan.random.choice(_CLOSINGS)
        zone = load_zone(zone_name)
        self._oracle = Oracle(zone, closing)
        self._first_day, self._days = first_day, days
        begin = datetime.combine(first_day, time(12), tzinfo=UTC)
        self._begin = begin
        self._true_end = begin + days * _DAY
        self._calm_from = begin + (days - _CALM_DAYS) * _DAY
        self.clock = InMemoryClock(begin)
        self._queue = InMemoryWorkQueue()
        self._state = InMemoryState(self._queue)
        self._backend = InMemoryReportGateway()
        self._notifier = InMemoryNotifier()
        self._laws = Laws(self._backend, self._state)
        self._shop = ShopOrders(plan.random, zone, first_day, days)
        self._allowed: dict[date, set[bytes]] = {}
        self._gateway = FaultyGateway(self._backend, plan, self.clock)
        self._reader = InMemoryOrderReader([])
        calendar = Calendar(zone, zone_name)
        self._expectation = Expectation(calendar, _CATCH_UP, close_from=first_day)
        self._policy = ReportPolicy(calendar, Rules(), Versions("0", "0", "0"))
        self._schedules = [
            _nightly("daily-close", JobKind.NIGHT, closing, zone_name),
            _nightly("close-deadline", JobKind.DEADLINE, time(6, 0), zone_name),
        ]
        self._ports = Ports(
            clock=self.clock,
            state=FaultyState(self._state, plan),
            queue=self._queue,
            orders=FaultyOrders(plan, self.clock, self._reader, self._allow),
            reports=self._gateway,
            notifier=FaultyNotifier(self._notifier, plan, self.clock),
            metrics=FaultySink(plan, self.record.line),
            identifiers=InMemoryIdentifiers(seed % 2**32),
            pulse=InMemoryPulse(),
        )
        self._program: Program | None = None
        self._dead_until: datetime | None = None
        self._next_whim = begin + plan.between(_HOUR, _DAY)
        self._next_morning = begin + _DAY
        self._synced_at: datetime | None = None
        self.alive: list[tuple[datetime, datetime | None]] = []

    @property
    def true_now(self) -> datetime:
        """The instant it really is, whatever the clock on the wall says."""
        return self._begin + timedelta(seconds=self.clock.monotonic_seconds())

    def run(self) -> Record:
        """Let all days pass; raises ``BrokenLawError``."""
        steps = 0
        while self.true_now < self._true_end:
            steps += 1
            if steps > self._days * _STEPS_A_DAY_MAX:
                raise BrokenLawError("it goes on and on without getting anywhere")
            self._shop.let_arrive(self.true_now)
            self._reader.orders[:] = self._shop.seen
            self._have_whims()
            self._live()
            self._laws.at_every_step(self._allowed)
            self._pass_time()
        self._judge()
        self.record.reached.update(self._plan.struck)
        self.record.reached["orders: late"] += self._shop.arrived_late
        return self.record

    # The world's own doings

    def _have_whims(self) -> None:
        """Whatever comes from outside: long outages, stops, jumping clocks, people."""
        now, plan = self.true_now, self._plan
        if now >= self._calm_from and not plan.is_calm:
            plan.is_calm = True
            self._gateway.down_until_seconds = 0.0
            self._set_clock(timedelta(0))
            self._dead_until = None
        if now >= self._next_morning:
            self._next_morning += _DAY
            self._let_people_work()
        if now < self._next_whim or plan.is_calm:
            return
        self._next_whim = now + plan.between(4 * _HOUR, 3 * _DAY)
        whim = plan.random.choice(("backend", "stop", "kill", "clock", "pause", "long stop"))
        self.record.reached[f"whim: {whim}"] += 1
        if whim == "backend":
            down = plan.between(_HOUR, 30 * _HOUR).total_seconds()
            self._gateway.down_until_seconds = self.clock.monotonic_seconds() + down
        elif whim == "clock":
            self._set_clock(plan.between(-5 * _HOUR, 90 * _MINUTE))
        elif whim == "pause":
            self._toggle_pause()
        elif whim == "long stop" and plan.chance(0.2):
            self._stop(now + plan.between(7 * _DAY, 11 * _DAY))
        else:
            self._stop(now + plan.between(_MINUTE, 2 * _DAY), cleanly=whim == "stop")

    def _set_clock(self, off_by: timedelta) -> None:
        self.clock.set(self.true_now + off_by)

    def _let_people_work(self) -> None:
        """Mend the orders, and decide about each dead letter."""
        self._shop.mend()
        self._reader.orders[:] = self._shop.seen
        if self._program is None:
            return
        self._resume()
        if self._program is None:
            return
        with self._state.turn() as turn:
            letters = list(turn.dead_letters.newest(DeadLetterState.OPEN, 1_000))
        for letter in letters:
            self.record.reached[f"dead letter: {letter.problem.code}"] += 1
            replays = letter.problem.code != "conflict" and self._plan.chance(0.8)
            deed = (
                self._program.dead_letters.replay
                if replays
                else (self._program.dead_letters.discard)
            )
            self.record.reached["person: replays" if replays else "person: discards"] += 1
            try:
                self._guarded(
                    lambda deed=deed, letter=letter: deed([letter.run_id], "ana", "mended")
                )  # type: ignore[misc]
            except InvalidRequest:
                self.record.reached["person: is refused"] += 1

    def _toggle_pause(self) -> None:
        if self._program is None:
            return
        control = self._program.control

        def toggle() -> None:
            if control.view("daily-close").state.pause is None:
                control.pause("daily-close", "ana", "stock-taking")
            else:
                control.resume("daily-close", "ana")

        self._guarded(toggle)

    # The program's life

    def _live(self) -> None:
        if self._program is None and (
            self._dead_until is None or self.true_now >= self._dead_until
        ):
            self._guarded(self._boot)
        if self._program is not None:
            self._guarded(self._beat)

    def _boot(self) -> None:
        self._program = start(self._ports, self._policy, self._expectation, self._schedules)
        if self._synced_at is None:
            with self._state.turn() as turn:
                self._synced_at = self.clock.now() if turn.schedules.all() else None
        self.alive.append((self.true_now, None))

    def _resume(self) -> None:
        with self._state.turn() as turn:
            paused = [s for s in turn.schedules.all() if s.pause is not None]
        if paused:
            self._toggle_pause()

    def _beat(self) -> None:
        program = self._program
        assert program is not None
        program.heart.beat()
        for work in self._queue.take_due(self.clock.now()):
            try:
                self._queue.perform(work)
            except StateUnavailable:
                self.record.reached["work: lost to the state"] += 1
            self._laws.at_every_step(self._allowed)
        program.deliver.deliver()

    def _guarded(self, deed: object) -> None:
        """Do something that may end the process, or fail for the state's sake."""
        assert callable(deed)
        try:
            deed()
        except ProcessDiedError:
            self.record.reached["process: died"] += 1
            self._stop(self.true_now + self._plan.between(timedelta(seconds=1), _HOUR))
        except StateUnavailable:
            self.record.reached["process: met no state"] += 1
            self.clock.advance(timedelta(seconds=5))

    def _stop(self, until: datetime, *, cleanly: bool = False) -> None:
        if cleanly and self._program is not None:
            self._program.heart.stop()
            self._queue.stop(30.0)
        if self._program is not None and self.alive:
            self.alive[-1] = (self.alive[-1][0], self.true_now)
        self._program = None
        self._dead_until = max(until, self._dead_until or until)

    def _pass_time(self) -> None:
        """Go to the next moment at which anything can happen."""
        now = self.clock.now()
        true_moments = [self._next_morning, self._true_end]
        if not self._plan.is_calm:
            true_moments += [self._next_whim, self._calm_from]
        moments = [moment - self.true_now for moment in true_moments]
        if self._program is None and self._dead_until is not None:
            moments.append(self._dead_until - self.true_now)
        if self._program is not None:
            with self._state.turn() as turn:
                schedule_due = turn.schedules.next_due_at()
            moments += [due - now for due in (schedule_due, self._queue.next_due_at()) if due]
            moments.append(timedelta(hours=6))
        self.clock.advance(max(min(moments), timedelta(seconds=1)))

    # Judging

    def _allow(self, window: Window) -> None:
        """Note what the orders of a day make at this very moment."""
        before = tuple(self._reader.orders)
        body = self._oracle.body(window.day, before)
        if body is not None:
            self._allowed.setdefault(window.day, set()).add(body)

    def _judge(self) -> None:
        if self._reader.orders != self._shop.seen:
            raise BrokenLawError("the orders were touched")
        self._laws.at_every_step(self._allowed)
        self._laws.of_success()
        assert self._synced_at is not None
        with self._state.turn() as turn:
            until = {s.schedule.name: s.decided_until for s in turn.schedules.all()}
            for state in RunState:
                from aegis_batch.application.ports.runs import RunFilter

                found = turn.runs.search(RunFilter(states=frozenset({state})), 1_000_000)
                self.record.reached[f"run: {state}"] += len(found)
            for name in until:
                for occurrence in turn.occurrences.newest(name, 1_000_000):
                    self.record.reached[f"{name}: {occurrence.decision}"] += 1
        expected = self._oracle.nominals(self._synced_at, self.clock.now())
        self._laws.of_firing("daily-close", expected)
        self._laws.of_the_end(self._days_to_be_closed())

    def _days_to_be_closed(self) -> list[date]:
        """The days that had ended with the last night, but for those that nobody could close."""
        days = []
        last = self._true_end - 2 * _DAY
        day = self._first_day
        while self._oracle.end_of(day) < last:
            end = self._oracle.end_of(day)
            if self._was_served(end, end + _CATCH_UP - 2 * _DAY):
                days.append(day)
            else:
                self.record.reached["day: nobody could close it"] += 1
            day += _DAY
        return days

    def _was_served(self, after: datetime, before: datetime) -> bool:
        """Say whether a process lived for half a day within a time."""
        return any(
            min(end or self._true_end, before) - max(begin, after) >= _DAY
            for begin, end in self.alive
        )


def _nightly(name: str, job: JobKind, at: time, zone: str) -> Schedule:
    cron = f"0 {at.minute} {at.hour} * * *"
    timing = Timing(ScheduleKind.CRON, cron=cron, zone=zone)
    return Schedule(name, job, timing, catch_up=_CATCH_UP, newest_only=True)
