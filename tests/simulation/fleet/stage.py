"""Lets threads of many processes take turns, in an order that follows from the seed alone."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import NoReturn, TypeVar

from greenlet import getcurrent, greenlet

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from tests.simulation.law import BrokenLawError
from tests.simulation.plan import ProcessDiedError

__all__ = ["Life", "Stage", "StagedAtOnce"]

# Of all calls of ports, those at which somebody else goes on first.
_SWITCHES = 0.3
_MOMENT_SECONDS = 1e-6

T = TypeVar("T")
M = TypeVar("M")
N = TypeVar("N")
R = TypeVar("R")


class Life:
    """A process, from its start to its death; while it is frozen none of its threads goes on."""

    def __init__(self, name: str) -> None:
        """Begin a life under a name that no other has."""
        self.name = name
        self.is_dead = False
        self.frozen_until_seconds = 0.0
        # When it last looked at its steady clock, and when it was frozen last.
        self.looked_seconds = 0.0
        self.frozen_at_seconds = -1.0

    def end(self, where: str) -> NoReturn:
        """End the process, from one of its own threads."""
        raise ProcessDiedError(where)


class _Actor:
    """A thread of a process."""

    def __init__(self, life: Life, name: str, body: Callable[[], None], hub: greenlet) -> None:
        self.life = life
        self.name = name
        # What ends goes back to where all are driven from, not to who began it.
        self.thread = greenlet(body, hub)
        # When it may go on, by the steady clock; ``None``: not before something happens.
        self.wakes: Callable[[], float | None] | float = 0.0

    def ready_at(self) -> float | None:
        wakes, frozen_until = self.wakes, self.life.frozen_until_seconds
        at_seconds = wakes if isinstance(wakes, float) else wakes()
        return frozen_until if at_seconds is not None and at_seconds < frozen_until else at_seconds


class Stage:
    """Has one thread go on at a time: each from one of its calls of a port to another one."""

    def __init__(
        self, random: Random, clock: InMemoryClock, on_death: Callable[[Life, str], None]
    ) -> None:
        """Take the chance, the clock, and whom to tell of a process that has died, and where."""
        self._random = random
        self._clock = clock
        self._on_death = on_death
        self._hub = getcurrent()
        self._actors: list[_Actor] = []
        self._present: _Actor | None = None
        self._is_atomic = False
        self._failure: BaseException | None = None
        # How often somebody has gone on, or time has.
        self.steps = 0

    def act(self, life: Life, name: str, body: Callable[[], None]) -> None:
        """Begin a thread of a process."""

        def guarded() -> None:
            try:
                body()
            except ProcessDiedError as death:
                self._bury(life, str(death))
            except BaseException as error:  # noqa: BLE001 - it goes on where all are driven from
                self._failure = error

        self._actors.append(_Actor(life, name, guarded, self._hub))

    def step(self, until_seconds: float) -> None:
        """Have one thread go on; where none can, let time pass, at most until then."""
        now_seconds = self._clock.monotonic_seconds()
        self.steps += 1
        ready, next_seconds = [], until_seconds
        for actor in self._actors:
            at_seconds = actor.ready_at()
            if at_seconds is None:
                continue
            if at_seconds <= now_seconds:
                ready.append(actor)
            elif at_seconds < next_seconds:
                next_seconds = at_seconds
        if not ready:
            wait = max(next_seconds - now_seconds, _MOMENT_SECONDS)
            self._clock.advance(timedelta(seconds=wait))
            return
        self._go_on(ready[0] if len(ready) == 1 else self._random.choice(ready))

    def kill(self, life: Life, where: str) -> None:
        """End a process, wherever its threads are; not from one of these."""
        self._bury(life, where)
        for actor in [each for each in self._actors if each.life is life]:
            if actor.thread is not getcurrent():
                self._actors.remove(actor)
                if actor.thread:
                    actor.thread.throw(ProcessDiedError(where))

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Let nobody else go on: a turn on the state is one moment for all others."""
        self._is_atomic = True
        try:
            yield
        finally:
            self._is_atomic = False

    def pause(self) -> None:
        """Let somebody else go on first, perhaps; a dead process comes no further."""
        actor = self._present
        if actor is None:
            return
        if actor.life.is_dead:
            raise ProcessDiedError("dead")
        if self._is_atomic:
            return
        is_frozen = actor.life.frozen_until_seconds > self._clock.monotonic_seconds()
        if is_frozen or self._random.random() < _SWITCHES:
            actor.wakes = 0.0
            self._switch(actor)

    def sleep(self, seconds: float) -> None:
        """Let time pass for the thread that goes on."""
        self.wait(self._clock.monotonic_seconds() + seconds)

    def wait(self, wakes: Callable[[], float | None] | float) -> None:
        """Let the thread go on at a moment that may change meanwhile; ``None``: not yet."""
        actor = self._present
        if actor is None or self._is_atomic:
            return
        actor.wakes = wakes
        self._switch(actor)

    def freeze(self, life: Life, seconds: float) -> None:
        """Stop all threads of a process for a while, each where it comes to its next pause."""
        now_seconds = self._clock.monotonic_seconds()
        life.frozen_at_seconds = now_seconds
        life.frozen_until_seconds = now_seconds + seconds

    def _go_on(self, actor: _Actor) -> None:
        self._present = actor
        actor.thread.switch()
        self._present = None
        if actor.life.is_dead:
            self.kill(actor.life, "dead")
        elif actor.thread.dead:
            self._actors.remove(actor)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            if isinstance(failure, BrokenLawError):
                raise failure
            raise BrokenLawError(f"{actor.name} broke: {failure!r}") from failure

    def _switch(self, actor: _Actor) -> None:
        self._hub.switch()
        if actor.life.is_dead:
            raise ProcessDiedError("dead")

    def _bury(self, life: Life, where: str) -> None:
        if not life.is_dead:
            life.is_dead = True
            self._on_death(life, where)


class StagedAtOnce:
    """Does several things at a time, each on a thread of its own."""

    def __init__(self, stage: Stage, life: Life, at_once: int) -> None:
        """Take where the threads are driven, whose they are, and how many there are at most."""
        self._stage = stage
        self._life = life
        self._at_once = at_once

    def each(self, work: Callable[[T], R], things: Sequence[T]) -> Iterator[R]:
        """Yield what comes of each thing as it comes; see the port."""
        waiting, done = deque(things), deque[R]()

        def carry_on() -> None:
            while waiting:
                done.append(work(waiting.popleft()))

        for number in range(min(self._at_once, len(things))):
            self._stage.act(self._life, f"{self._life.name} at once {number}", carry_on)
        for _ in range(len(things)):
            self._stage.wait(lambda: 0.0 if done else None)
            yield done.popleft()

    def together(
        self,
        first: Callable[[T], M],
        gather: Callable[[Sequence[M]], Sequence[N]],
        then: Callable[[N], R],
        things: Sequence[T],
    ) -> Iterator[R]:
        """Yield what comes of each thing as it comes; see the port."""
        came = list(self.each(first, things))
        yield from self.each(then, gather(came) if came else ())
