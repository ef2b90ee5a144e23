"""Whether this machine's process is well among all that serve a state on a server."""

from collections.abc import Sequence
from datetime import datetime

from aegis_batch.application.health import EXECUTORS_MAX, PASSING, Health, ill
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Pulse, Signs
from aegis_batch.application.roles import Role
from aegis_batch.domain.errors import StateMisfit, StateUnavailable

__all__ = ["FleetHealth"]

_NAMED_MAX = 10
_FIRING = frozenset({Role.SERVE, Role.SCHEDULER})
_WORKING = frozenset({Role.SERVE, Role.WORKER})


class FleetHealth:
    """Looks at the registry of executors alone, by the clock of the state."""

    def __init__(self, pulse: Pulse, machine: str) -> None:
        """Take the port, and what this machine is called: its process is the one that is judged."""
        self._pulse = pulse
        self._machine = machine
        self._own = f"{machine}/"

    def is_served(self) -> bool:
        """Say whether a live process serves the state; see ``HealthCheck``."""
        signs = self._pulse.signs(EXECUTORS_MAX)
        return any(_is_well(each, signs.now) for each in _serving(signs))

    def look(self) -> Health:
        """Return how it is; a state that can't be looked at is not well."""
        try:
            signs = self._pulse.signs(EXECUTORS_MAX)
        except (StateMisfit, StateUnavailable) as error:
            return ill(str(error))
        serving = _serving(signs)
        if not serving:
            return ill("Nothing has served this state yet.")
        judged = self._judged(serving)
        others = [each for each in serving if each.is_living and each is not judged]
        beside = _told(others, signs.now)
        if judged is None:
            # A process that has just been started may not have come so far: it is not well yet.
            who = f"No process of {self._machine}, as AEGIS_EXECUTOR_ID or the machine is called,"
            return ill(f"{who} has registered in this state.{beside}", None, others)
        seconds = _silent_seconds(judged, signs.now)
        if _is_well(judged, signs.now):
            reason = f"{judged.name} ticked {seconds:.0f} s ago.{beside}"
            roles = {each.role for each in serving if _is_well(each, signs.now)}
            if not roles & _FIRING:
                reason += " No scheduler is alive: until one is, no schedule fires."
            if not roles & _WORKING:
                reason += " No worker is alive: until one is, what is due stays queued."
            return Health(is_well=True, reason=reason, executor=judged, others=others)
        how = f"has not ticked for {seconds:.0f} s"
        if judged.stopped:
            how = "stopped in good order"
        elif judged.buried:
            how += ", and others have taken over its work"
        at = f"{judged.beaten_at:%F %T} UTC"
        return ill(f"{judged.name} {how}; its last sign of life: {at}.{beside}", judged, others)

    def _judged(self, serving: Sequence[Executor]) -> Executor | None:
        """Return the process of this machine that was started last, whatever became of it."""
        own = [each for each in serving if each.name.startswith(self._own)]
        return max(own, key=lambda each: each.started_at, default=None)


def _serving(signs: Signs) -> list[Executor]:
    return [each for each in signs.executors if each.role not in PASSING]


def _is_well(executor: Executor, now: datetime) -> bool:
    return executor.is_living and not executor.is_silent_at(now)


def _silent_seconds(executor: Executor, now: datetime) -> float:
    return max((now - executor.beaten_at).total_seconds(), 0.0)


def _told(others: Sequence[Executor], now: datetime) -> str:
    if not others:
        return ""
    told = [
        f"{each.name} ({each.role}) {'ticked' if _is_well(each, now) else 'is silent, heard'}"
        f" {_silent_seconds(each, now):.0f} s ago"
        for each in others[:_NAMED_MAX]
    ]
    more = f", and {len(others) - _NAMED_MAX} more" if len(others) > _NAMED_MAX else ""
    return f" Beside it: {', '.join(told)}{more}."
