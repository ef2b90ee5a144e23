"""Whether a process that serves is alive and ticking, as far as others can see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Pulse
from aegis_batch.application.roles import Role
from aegis_batch.domain.errors import StateMisfit, StateUnavailable

__all__ = ["EXECUTORS_MAX", "PASSING", "Health", "HealthCheck", "HealthUseCase", "Holder", "ill"]

EXECUTORS_MAX = 1_000
# The roles of those that count for nobody's health: no night comes of them.
PASSING = frozenset({Role.BACKFILL, Role.HAND})


@dataclass(frozen=True, slots=True)
class Holder:
    """The live process that holds a state: which executor it is, and since when it holds it.

    Both are ``None`` where it can't be seen, as in the moment in which it writes that down.
    """

    executor: str | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What was found, with the reason in words for people.

    ``executor`` is whose health it is, with its last sign of life; ``others`` are all that serve
    the same state beside it.
    """

    is_well: bool
    reason: str
    executor: Executor | None = None
    others: Sequence[Executor] = ()


class HealthCheck(Protocol):
    """Says how the processes are that serve a state."""

    def is_served(self) -> bool:
        """Say whether a live process serves the state.

        Raises ``StateUnavailable`` where that can't be looked at.
        """
        ...

    def look(self) -> Health:
        """Return how it is; a state that can't be looked at is not well."""
        ...


class HealthUseCase:
    """Looks at who holds a state's file, and at the signs of life that this very process gives."""

    def __init__(
        self,
        pulse: Pulse,
        clock: Clock,
        find_holder: Callable[[], Holder | None],
        silence_seconds_max: float,
    ) -> None:
        """Take what tells which live process holds the state, and how old a sign may be."""
        self._pulse = pulse
        self._clock = clock
        self._find_holder = find_holder
        self._silence_seconds_max = silence_seconds_max

    def is_served(self) -> bool:
        """Say whether a live process holds the state; see ``HealthCheck``."""
        return self._find_holder() is not None

    def look(self) -> Health:
        """Return how it is; a state that can't be looked at is not well."""
        try:
            named = self._find_holder()
            executor = self._sign_of(named)
            # Once more, so that a process which ended meanwhile is not taken for a live one.
            holder = self._find_holder()
        except (StateMisfit, StateUnavailable) as error:
            return ill(str(error))
        if executor is None:
            what = (
                "Nothing has served this state yet" if holder is None else "A process is starting"
            )
            return ill(f"{what}.")
        about = f"the last sign of life is that of {_named(executor)}"
        if holder is None:
            how = "it stopped in good order" if executor.stopped else "it ended without a word"
            return ill(f"No process serves this state; {about}: {how}.", executor)
        if holder != named or executor.stopped or executor.started_at != holder.started_at:
            return ill(f"A process is starting or has just stopped; {about}.", executor)
        return self._judge(executor, about)

    def _sign_of(self, holder: Holder | None) -> Executor | None:
        """Return the sign of the holder; of whoever came last, where it has given none."""
        signs = self._pulse.signs(EXECUTORS_MAX).executors
        serving = [each for each in signs if each.role not in PASSING]
        own = [each for each in serving if holder is not None and each.name == holder.executor]
        return next(iter(own or serving), None)

    def _judge(self, executor: Executor, about: str) -> Health:
        silent_seconds = (self._clock.now() - executor.beaten_at).total_seconds()
        if silent_seconds > self._silence_seconds_max:
            return ill(f"The process has not ticked for {silent_seconds:.0f} s; {about}.", executor)
        if silent_seconds < -self._silence_seconds_max:
            what = "The process has not ticked since the clock was set back"
            return ill(f"{what}; {about}.", executor)
        return Health(
            is_well=True,
            reason=f"{executor.name} ticked {max(silent_seconds, 0.0):.0f} s ago.",
            executor=executor,
        )


def ill(reason: str, executor: Executor | None = None, others: Sequence[Executor] = ()) -> Health:
    """Return what is not well, and why."""
    return Health(is_well=False, reason=reason, executor=executor, others=others)


def _named(executor: Executor) -> str:
    return f"{executor.name}, {executor.beaten_at:%F %T} UTC"
