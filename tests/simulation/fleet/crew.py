"""The machines of a world, what befalls them, and the people who look after all."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from aegis_batch.application.chain_check import ChainCheckUseCase
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.errors import InvalidRequest, StateUnavailable
from tests.simulation.fleet.process import LEASE_SECONDS
from tests.simulation.fleet.stage import Life
from tests.simulation.fleet.station import Machine, Station
from tests.simulation.fleet.threads import Threads
from tests.simulation.law import BrokenLawError

__all__ = ["Crew"]

_MINUTE = timedelta(minutes=1)
_LETTERS_MAX = 1_000
_FLEETS = (
    ("serve",),
    ("serve", "serve"),
    ("serve", "serve", "serve"),
    ("scheduler", "worker", "worker"),
    ("scheduler", "scheduler", "worker", "worker"),
    ("serve", "worker"),
)


class Crew:
    """Starts processes on their machines, and lets things befall them."""

    def __init__(self, station: Station) -> None:
        """Choose the machines."""
        self._station = station
        chance = station.plan.random
        self._machines = [
            Machine(f"m{number}", role, chance.randint(1, 3), station.clock.now())
            for number, role in enumerate(chance.choice(_FLEETS), start=1)
        ]
        self._threads = Threads(station, self._machines)
        self._people = Life("people")
        station.laws.leases.on_taken_over = self._wake
        # Since when each process that lives has not been kept from its work.
        self.well_since: dict[str, float] = {}

    def man(self, now: datetime) -> None:
        """Start what is due to be started on machines where nothing lives."""
        for machine in self._machines:
            life = machine.life
            if life is not None and life.is_dead:
                machine.life = machine.process = None
                wait = self._station.plan.between(timedelta(seconds=5), 40 * _MINUTE)
                machine.starts_at = now if self._station.plan.is_calm else now + wait
            if machine.life is None and machine.starts_at <= now:
                self._start(machine)

    def next_start(self, now: datetime) -> datetime | None:
        """Return when something is to be started next."""
        waiting = [each.starts_at for each in self._machines if each.life is None]
        return min((at for at in waiting if at > now), default=None)

    def wake_all(self) -> None:
        """Let nobody be frozen, and start all."""
        for machine in self._machines:
            machine.starts_at = min(machine.starts_at, self._station.clock.now())
            if machine.life is not None:
                machine.life.frozen_until_seconds = 0.0

    def befall(self, what: str) -> None:
        """Kill a process, freeze one, or have one stop in good order."""
        living = [each for each in self._machines if each.life is not None]
        if not living:
            return
        machine = self._station.plan.random.choice(living)
        assert machine.life is not None
        self._station.reached(f"machine: {what}")
        if what == "kill":
            self._station.stage.kill(machine.life, "kill")
        elif what == "freeze":
            share = self._station.plan.random.uniform(0.3, 4.0)
            self._station.stage.freeze(machine.life, LEASE_SECONDS * share)
        else:
            self._station.stage.act(machine.life, "stop", self._stop_of(machine))

    def note_who_is_well(self, before_seconds: float) -> None:
        """Take note of who could have done its work since when, after time has passed."""
        now_seconds = self._station.clock.monotonic_seconds()
        is_down = self._station.trouble.state_is_down
        well = {
            each.life.name
            for each in self._machines
            if each.life is not None
            and not each.life.is_dead
            and each.life.frozen_until_seconds <= before_seconds
            and not is_down
        }
        self.well_since = {name: self.well_since.get(name, now_seconds) for name in sorted(well)}

    def look_after_all(self) -> None:
        """Have people decide about all dead letters, beside everything else."""
        self._station.stage.act(self._people, "people", self._decide)

    def of_the_chains(self) -> None:
        """Each tenant's chain of seals is whole."""
        checked = ChainCheckUseCase(self._station.state).check()
        if checked.broken:
            raise BrokenLawError(f"a chain is broken: {checked}")

    def _wake(self, name: str) -> None:
        """Let who was frozen go on just when others are at its work."""
        at = self._station
        for machine in self._machines:
            life = machine.life
            if life is not None and life.name == name and at.plan.chance(0.7):
                now_seconds = at.clock.monotonic_seconds()
                wakes_seconds = now_seconds + at.plan.random.uniform(0.0, 6.0)
                if life.frozen_until_seconds > wakes_seconds:
                    at.reached("frozen: goes on while others are at its work")
                    life.frozen_until_seconds = wakes_seconds

    def _start(self, machine: Machine) -> None:
        machine.lives += 1
        life = machine.life = Life(f"{machine.name}.{machine.lives}")
        process = machine.process = self._station.process(life)
        self._station.stage.act(
            life, f"{life.name} main", partial(self._threads.main, machine, process)
        )

    def _stop_of(self, machine: Machine) -> Callable[[], None]:
        life, process = machine.life, machine.process
        assert life is not None
        assert process is not None

        def stop() -> None:
            try:
                handed_back = process.ports.queue.stop(30.0)
                process.taking.hand_back(handed_back)
                process.ports.pulse.stop(life.name)
                self._station.laws.leases.stopped(life)
            except StateUnavailable:
                self._station.reached("stop: met no state")
            life.end("stop")

        return stop

    def _decide(self) -> None:
        process = self._station.process(self._people)
        with process.ports.state.look() as turn:
            letters = turn.dead_letters.newest(DeadLetterState.OPEN, _LETTERS_MAX)
        for letter in letters:
            self._station.mall.mend(self._station.clock.now())
            try:
                if letter.problem.code == "conflict":
                    continue
                process.dead_letters.replay([letter.run_id], "ana", "mended")
            except InvalidRequest as error:
                self._station.reached(f"person: is refused ({error.code})")
            else:
                self._station.reached("person: replay")
