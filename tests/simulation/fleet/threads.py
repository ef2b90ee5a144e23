"""What the threads of a process do, each again and again until it dies."""

from collections.abc import Sequence
from functools import partial

from aegis_batch.domain.errors import StateUnavailable
from tests.simulation.fleet.ports_inside import (
    perform,
)
from tests.simulation.fleet.process import LEASE_SECONDS, Process
from tests.simulation.fleet.queue import SharedQueue
from tests.simulation.fleet.station import Machine, Station

__all__ = ["Threads"]

_BEAT_SECONDS = LEASE_SECONDS / 3
_DELIVER_SECONDS = 900.0


class Threads:
    """Lives as processes do, on all machines."""

    def __init__(self, station: Station, machines: Sequence[Machine]) -> None:
        """Take what the machines share, and them."""
        self._station = station
        self._machines = machines
        # After which step it was worked out when the next work is due, and that.
        self._due: tuple[int, float | None] = (-1, None)

    def main(self, machine: Machine, process: Process) -> None:
        """Live as the main thread of a process does: register, and start all other threads."""
        life, stage = process.life, self._station.stage
        while True:
            try:
                process.heartbeat.beat()
                if machine.role != "worker":
                    process.control.sync(self._station.schedules)
            except StateUnavailable:
                stage.sleep(60.0)
            else:
                break
        stage.act(life, f"{life.name} pulse", partial(self._beat, process))
        if machine.role != "worker":
            stage.act(life, f"{life.name} deliver", partial(self._deliver, process))
        if machine.role != "scheduler":
            process.begin_work()
            for number in range(machine.workers):
                name = f"{life.name} worker {number}"
                stage.act(life, name, partial(self._work, process))
        heart = process.worker_heart() if machine.role == "worker" else process.heart()
        while True:
            try:
                wait_seconds = heart.beat()
            except StateUnavailable:
                wait_seconds = 30.0
            stage.sleep(max(wait_seconds, 0.001))

    def _beat(self, process: Process) -> None:
        stage = self._station.stage
        while True:
            stage.sleep(_BEAT_SECONDS)
            try:
                is_living = process.heartbeat.beat()
            except StateUnavailable:
                continue
            if not is_living:
                self._station.reached("process: found itself dead")
                process.life.end("its own end")

    def _deliver(self, process: Process) -> None:
        while True:
            self._station.stage.sleep(_DELIVER_SECONDS)
            try:
                process.deliver.deliver()
            except StateUnavailable:
                self._station.reached("deliver: met no state")

    def _work(self, process: Process) -> None:
        at, queue = self._station, process.ports.queue
        calls = at.calls(process.life)
        while True:
            at.stage.wait(partial(self._work_at, queue))
            work = None if at.trouble.state_is_down else queue.take(at.clock.now())
            if work is None:
                at.stage.sleep(30.0)
                continue
            others = [
                machine.process.ports.queue
                for machine in self._machines
                if machine.process is not None and machine.process is not process
            ]
            befell = perform(calls, queue, work, others)
            if befell is not None:
                at.reached(befell)

    def _work_at(self, queue: SharedQueue) -> float | None:
        if not queue.is_started:
            return None
        if queue.doubled:
            return 0.0
        at = self._station
        if self._due[0] != at.stage.steps:
            due_at, seconds = at.queue.next_due_at(), None
            if due_at is not None:
                wait_seconds = (due_at - at.clock.now()).total_seconds()
                seconds = at.clock.monotonic_seconds() + wait_seconds
            self._due = at.stage.steps, seconds
        return self._due[1]
