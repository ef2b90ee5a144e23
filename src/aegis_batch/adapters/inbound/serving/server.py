"""A process that stays: it fires schedules, works, or both, and stops in good order."""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Protocol

from loguru import logger

from aegis_batch.adapters.inbound.serving.heartbeats import Heartbeats
from aegis_batch.adapters.inbound.serving.rounds import Rounds
from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals
from aegis_batch.adapters.inbound.serving.watchdog import Watchdog
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.work_queue import WorkQueue
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.domain.errors import AegisError, StateUnavailable
from aegis_batch.domain.printable import printable
from aegis_batch.domain.schedule import Schedule

__all__ = ["Beats", "Limits", "Parts", "Served", "Server"]

# What comes on top of draining: whoever is just taking work waits for the database so long.
_STOPPING_SECONDS = 60.0
_LAST_NOTICES_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_ZONES_EVERY_SECONDS = 300.0


class Beats(Protocol):
    """What a server does again and again; ``Heart`` is one."""

    def beat(self) -> float:
        """Do all that is due, and return for how many seconds nothing will be."""
        ...

    def stop(self) -> None:
        """Leave word that the process goes in good order."""
        ...


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a server drives. ``told`` goes into the log line that says that it has started.

    Without ``schedules`` none are brought in line with ``wanted``, without ``queue`` no work is
    taken, and without ``deliver_notices`` none are delivered. ``heartbeats`` are those of a process
    that is not alone. ``is_over`` is asked after each beat whether there is nothing left to serve
    for. ``look_for_zones`` brings schedules in line with the zones of the tenants, where there are
    several. ``take_events`` takes those of the inbox, where there is one.
    """

    heart: Beats
    heartbeats: Heartbeats | None = None
    queue: WorkQueue | None
    schedules: ScheduleControl | None
    wanted: Sequence[Schedule]
    carry_out: Callable[[str, str], None]
    hand_back: Callable[[Collection[str]], None]
    deliver_notices: Callable[[], int] | None
    clock: Clock
    told: dict[str, str]
    is_over: Callable[[], bool] = _never
    look_for_zones: Callable[[Callable[[], bool]], None] | None = None
    take_events: Callable[[], int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long things may take.

    ``state_away_seconds`` is for how long the state may be unavailable before the process ends,
    ``over_seconds`` what runs has to end once there is nothing left to serve for.
    """

    drain_seconds: float
    watchdog_seconds: float
    notices_every_seconds: float
    state_away_seconds: float
    over_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Served:
    """How a server came to its end.

    ``exit_status`` is that of the signal which stopped it; ``error`` what ended it instead; neither
    where it was over. Where
    ``leaves_threads``, the process must be ended: they would keep the interpreter from doing so.
    """

    exit_status: int | None
    error: Exception | None
    leaves_threads: bool


class Server:
    """Serves until a signal comes or the state is lost; each time it is made, once."""

    def __init__(self, parts: Parts, limits: Limits, on_hang: Callable[[float, str], None]) -> None:
        """Take what to drive, the limits, and what to do where nothing ticks any more."""
        self._parts = parts
        self._limits = limits
        self._watchdog = Watchdog(limits.watchdog_seconds, parts.clock, on_hang)
        self._away_since_seconds: float | None = None

    def serve(self, stop: StopSignals) -> Served:
        """Serve, and say how it ended; nothing foreseen is raised."""
        error: Exception | None = None
        drain_seconds = self._limits.drain_seconds
        with ExitStack() as rounds:
            rounds.enter_context(self._watchdog)
            if self._parts.heartbeats is not None:
                # To the very end: what still runs while it drains is this process's.
                rounds.enter_context(self._parts.heartbeats)
            if self._parts.deliver_notices is not None:
                rounds.enter_context(self._notices(self._parts.deliver_notices))
            try:
                if not stop.is_stopping:
                    self._start(stop)
                if self._parts.look_for_zones is not None and not stop.is_stopping:
                    rounds.enter_context(_zones(self._parts.look_for_zones))
                if self._parts.take_events is not None and not stop.is_stopping:
                    rounds.enter_context(self._events(self._parts.take_events))
                while not stop.is_stopping:
                    wait_seconds = self._beat()
                    self._watchdog.tick()
                    if self._parts.is_over():
                        # Whoever is to go on waits for it.
                        drain_seconds = min(drain_seconds, self._limits.over_seconds)
                        break
                    stop.wait(wait_seconds)
            except Exception as caught:  # noqa: BLE001 - what runs is drained, then it is told
                error = caught
            leaves_threads = self._stop(drain_seconds)
        return Served(stop.exit_status, error, leaves_threads)

    def _notices(self, deliver: Callable[[], int]) -> Rounds:
        every_seconds = self._limits.notices_every_seconds
        told = "notices can't be delivered now; it is tried again"
        rounds = Rounds(lambda _: deliver() > 0, every_seconds, event="notices.failed", told=told)
        return rounds.with_a_last(_LAST_NOTICES_SECONDS)

    def _events(self, take: Callable[[], int]) -> Rounds:
        def go_round(_: Callable[[], bool]) -> bool:
            # It takes all that there is.
            take()
            return False

        every_seconds = self._limits.notices_every_seconds
        told = "events can't be taken from the inbox now; it is tried again"
        return Rounds(go_round, every_seconds, event="events.failed", told=told)

    def _start(self, stop: StopSignals) -> None:
        parts = self._parts

        def go_on() -> bool:
            self._watchdog.tick()
            return not stop.is_stopping

        if parts.schedules is not None:
            parts.schedules.sync(parts.wanted, go_on)
        if stop.is_stopping:
            return
        # Alive before any work is taken, for whoever looks.
        if parts.heartbeats is not None:
            parts.heartbeats.start()
        parts.heart.beat()
        if parts.queue is not None:
            self._watchdog.allow(_STOPPING_SECONDS)
            parts.queue.start(parts.carry_out)
            self._watchdog.allow(0.0)
        fires = {
            state.schedule.name: state.next_at.isoformat()
            for state in (() if parts.schedules is None else parts.schedules.all())
            if state.next_at is not None
        }
        logger.bind(event="serve.started", **parts.told, next=fires).info(
            "serving; next: {}",
            ", ".join(f"{name} {at}" for name, at in fires.items()) or "nothing",
        )

    def _beat(self) -> float:
        """Do what is due, and return how long to wait; the state may be away for a while."""
        begun_seconds = self._parts.clock.monotonic_seconds()
        try:
            wait_seconds = self._parts.heart.beat()
        except StateUnavailable as error:
            if self._away_since_seconds is None:
                self._away_since_seconds = begun_seconds
                logger.bind(event="state.unavailable", code=error.code).error(
                    "{} It is tried again for {:g} s.",
                    printable(str(error)),
                    self._limits.state_away_seconds,
                )
            away_seconds = self._parts.clock.monotonic_seconds() - self._away_since_seconds
            if away_seconds >= self._limits.state_away_seconds:
                raise
            return _AGAIN_SECONDS
        if self._away_since_seconds is not None:
            self._away_since_seconds = None
            logger.bind(event="state.back").info("the state can be used again")
        return wait_seconds

    def _stop(self, drain_seconds: float) -> bool:
        """Let what runs end, and hand back what doesn't; say whether threads are left."""
        logger.bind(event="serve.stopping", drainSeconds=drain_seconds).info(
            "no new work is taken; what runs has {:g} s to end", drain_seconds
        )
        self._watchdog.allow(drain_seconds + _STOPPING_SECONDS)
        handed_back: Collection[str] = ()
        failed = False
        try:
            if self._parts.queue is not None:
                handed_back = self._parts.queue.stop(drain_seconds)
            if handed_back:
                self._parts.hand_back(handed_back)
        except AegisError as error:
            # The next start finds what was running, and takes it up; so does another process, but
            # only where this one doesn't say that it went in good order.
            failed = True
            logger.bind(event="state.unavailable", code=error.code).error(
                "what runs can't be handed back now; the next start takes it up"
            )
        if not failed:
            with suppress(AegisError):
                self._parts.heart.stop()
        logger.bind(event="serve.stopped", handedBack=sorted(handed_back)).info(
            "stopped; {} handed back, for the next start", len(handed_back)
        )
        return failed or bool(handed_back)


def _zones(look: Callable[[Callable[[], bool]], None]) -> Rounds:
    def go_round(go_on: Callable[[], bool]) -> bool:
        look(go_on)
        return False

    told = (
        "the zones of the tenants can't be looked up now; schedules stay as they are, and it is"
        " tried again"
    )
    return Rounds(go_round, _ZONES_EVERY_SECONDS, event="zones.failed", told=told)
