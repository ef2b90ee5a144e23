"""The process that serves, over everything in memory: how it starts, goes on and stops."""

import json
import signal
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from loguru import logger

from aegis_batch.adapters.inbound.serving.server import Limits, Parts, Served, Server
from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals
from aegis_batch.adapters.outbound.logs.lines import json_line
from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.firing import FireDueUseCase, Firing
from aegis_batch.application.heart import Heart, HeartRate
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.nights_of_one import NightsOfOne
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.set_back import SetBack, SetBackUseCase
from aegis_batch.application.timings import Timings
from aegis_batch.application.work_set_back import WorkSetBack
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.errors import StateMisfit, StateUnavailable
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import Schedule, ScheduleKind, Timing
from tests.living import a_heartbeat

if TYPE_CHECKING:
    from collections.abc import Collection

    from loguru import Message

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
ZONE = "America/Sao_Paulo"
NIGHT = Schedule(
    "daily-close", JobKind.NIGHT, Timing(ScheduleKind.CRON, cron="0 0 2 * * *", zone=ZONE)
)
AWAY = StateUnavailable("state_locked", "It is locked.", "Wait.")
MISFIT = StateMisfit("state_damaged", "It is damaged.", "Restore a backup.")

# What happens at a sign of life: seconds pass, and perhaps an error is raised, or a signal comes.
Turn = tuple[float, Exception | int | None]


class ScriptedPulse(InMemoryPulse):
    """A pulse at whose beats things happen, one after the other; then comes SIGTERM."""

    def __init__(self, clock: InMemoryClock, *turns: Turn) -> None:
        super().__init__(InMemoryState(InMemoryWorkQueue(), clock.now))
        self._clock = clock
        self._turns = deque(turns)

    def register(self, executor: Executor, *, renews: bool = False) -> None:
        self._happen()
        super().register(executor, renews=renews)

    def beat(self, name: str) -> bool:
        self._happen()
        return super().beat(name)

    def _happen(self) -> None:
        seconds, what = self._turns.popleft() if self._turns else (0.0, signal.SIGTERM)
        self._clock.advance(timedelta(seconds=seconds))
        if isinstance(what, Exception):
            raise what
        if what is not None:
            signal.raise_signal(what)


class BusyQueue(InMemoryWorkQueue):
    """A queue that has work to hand back, or can't hand any back."""

    def __init__(self, handed_back: "Collection[str]" = (), fault: Exception | None = None) -> None:
        super().__init__()
        self._handed_back = handed_back
        self._fault = fault
        self.started = 0
        self.drained_seconds: list[float] = []
        self.noted: list[str] = []

    def start(self, carry_out: Callable[[str, str], None]) -> None:
        self.started += 1
        super().start(carry_out)

    def stop(self, drain_seconds: float) -> "Collection[str]":
        self.drained_seconds.append(drain_seconds)
        super().stop(drain_seconds)
        if self._fault is not None:
            raise self._fault
        return self._handed_back

    def note(self, work_ids: "Collection[str]") -> None:
        """Keep what the ledger is told of."""
        self.noted.extend(work_ids)


@pytest.fixture
def clock() -> InMemoryClock:
    return InMemoryClock(NOW)


@pytest.fixture(autouse=True)
def logged() -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    stream = StringIO()

    def write(message: "Message") -> None:
        stream.write(json_line(message.record) + "\n")

    logger.remove()
    logger.add(write, format="{message}")

    def events(name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [line for line in lines if line["event"] == name]

    yield events
    logger.remove()


def serve(
    clock: InMemoryClock,
    pulse: InMemoryPulse,
    queue: BusyQueue | None = None,
    *,
    stopped_before: bool = False,
    is_over: Callable[[], bool] = lambda: False,
) -> Served:
    queue = queue or BusyQueue()
    ledger = Ledger(InMemoryState(queue), clock, InMemoryMetricsSink(), InMemoryNotifier())
    timings = Timings(SystemCron())
    expectation = Expectation(Calendar(load_zone(ZONE), ZONE), timedelta(days=7))
    expectations = Expectations(expectation, InMemoryCalendars(expectation.calendar))
    firing = Firing(timings, InMemoryIdentifiers(), expectations)
    after_run = AfterRun(NightsOfOne(expectation, "memory"), Backfilling(InMemoryIdentifiers()))
    heart = Heart(
        fire_due=FireDueUseCase(ledger, firing),
        reconcile=ReconcileUseCase(ledger, queue, after_run),
        set_back=SetBackUseCase(ledger, SetBack(timings), WorkSetBack(expectations, after_run)),
        tidy=lambda: False,
        heartbeat=a_heartbeat(pulse, clock, "kitchen", "0.1.0"),
        take_over=None,
        clock=clock,
        # A beat each time, and no wait for the next.
        rate=HeartRate(poll_seconds=0, beat_seconds=0, reconcile_seconds=0),
    )
    parts = Parts(
        heart=heart,
        queue=queue,
        schedules=ScheduleControl(ledger, timings, firing),
        wanted=[NIGHT],
        carry_out=lambda _, __: None,
        hand_back=queue.note,
        deliver_notices=lambda: 0,
        clock=clock,
        told={"version": "0.1.0", "executor": "kitchen"},
        is_over=is_over,
    )
    limits = Limits(
        drain_seconds=30,
        watchdog_seconds=3_600,
        notices_every_seconds=3_600,
        state_away_seconds=60,
    )
    with StopSignals() as stop:
        if stopped_before:
            signal.raise_signal(signal.SIGINT)
        return Server(parts, limits, lambda _, __: None).serve(stop)


def test_what_is_over_keeps_those_who_are_to_go_on_waiting_for_a_few_seconds_alone(
    clock: InMemoryClock,
) -> None:
    queue = BusyQueue(["r#1"])

    served = serve(
        clock, ScriptedPulse(clock, (0.0, None), (0.0, None)), queue, is_over=lambda: True
    )

    assert served == Served(None, None, leaves_threads=True)
    assert (queue.drained_seconds, queue.noted) == ([5.0], ["r#1"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_it_in_good_order(
    clock: InMemoryClock, logged: Callable[[str], list[dict[str, Any]]], number: int
) -> None:
    pulse, queue = ScriptedPulse(clock, (1, None), (1, number)), BusyQueue()

    served = serve(clock, pulse, queue)

    assert served == Served(128 + number, None, leaves_threads=False)
    assert (queue.started, queue.drained_seconds) == (1, [30])
    assert [each.stopped for each in pulse.signs(9).executors] == [True]
    [started] = logged("serve.started")
    assert started["next"] == {"daily-close": "2026-11-23T05:00:00+00:00"}
    assert (started["version"], started["executor"]) == ("0.1.0", "kitchen")


def test_what_is_told_to_stop_before_it_has_begun_begins_nothing(
    clock: InMemoryClock, logged: Callable[[str], list[dict[str, Any]]]
) -> None:
    queue = BusyQueue()

    served = serve(clock, ScriptedPulse(clock), queue, stopped_before=True)

    assert served == Served(130, None, leaves_threads=False)
    assert queue.started == 0
    assert logged("serve.started") == []


def test_work_that_was_handed_back_leaves_threads(
    clock: InMemoryClock, logged: Callable[[str], list[dict[str, Any]]]
) -> None:
    queue = BusyQueue(["b#1", "a#1"])
    served = serve(clock, ScriptedPulse(clock), queue)

    assert queue.noted == ["b#1", "a#1"]
    assert served == Served(143, None, leaves_threads=True)
    assert logged("serve.stopped")[0]["handedBack"] == ["a#1", "b#1"]


def test_work_that_cannot_be_handed_back_leaves_threads_too(
    clock: InMemoryClock, logged: Callable[[str], list[dict[str, Any]]]
) -> None:
    pulse = ScriptedPulse(clock)

    served = serve(clock, pulse, BusyQueue(fault=AWAY))

    assert served == Served(143, None, leaves_threads=True)
    # It must not say that it went in good order: nobody would take its work over.
    assert [each.is_living for each in pulse.signs(9).executors] == [True]
    assert [line["code"] for line in logged("state.unavailable")] == ["state_locked"]


def test_a_state_that_is_away_for_a_while_is_told_once_and_waited_for(
    clock: InMemoryClock, logged: Callable[[str], list[dict[str, Any]]]
) -> None:
    pulse = ScriptedPulse(clock, (0, None), (25, AWAY), (25, AWAY), (5, None), (59, AWAY))

    served = serve(clock, pulse)

    assert served.error is None
    assert len(logged("state.unavailable")) == 2
    assert len(logged("state.back")) == 2


def test_a_state_that_is_away_for_too_long_ends_it(clock: InMemoryClock) -> None:
    pulse = ScriptedPulse(clock, (0, None), (30, AWAY), (30, AWAY), (0, signal.SIGINT))
    queue = BusyQueue()

    served = serve(clock, pulse, queue)

    assert served == Served(None, AWAY, leaves_threads=False)
    assert queue.drained_seconds == [30]


@pytest.mark.parametrize("fault", [MISFIT, KeyError("secret")])
def test_what_no_wait_will_mend_ends_it_at_once(clock: InMemoryClock, fault: Exception) -> None:
    served = serve(clock, ScriptedPulse(clock, (0, None), (0, fault)))

    assert served == Served(None, fault, leaves_threads=False)


def test_a_state_that_is_away_at_the_start_ends_it(clock: InMemoryClock) -> None:
    queue = BusyQueue()

    served = serve(clock, ScriptedPulse(clock, (0, AWAY)), queue)

    assert served.error is AWAY
    assert queue.started == 0
