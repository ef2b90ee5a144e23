"""Whether a process that serves is alive and ticking, as far as others can see."""

from collections.abc import Callable
from dataclasses import dataclass

from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.pulse import Beat, Pulse
from aegis_batch.domain.errors import StateMisfit, StateUnavailable

__all__ = ["Health", "HealthUseCase"]


@dataclass(frozen=True, slots=True)
class Health:
    """What was found, with the reason in words for people, and the last sign of life if any."""

    is_well: bool
    reason: str
    beat: Beat | None = None


class HealthUseCase:
    """Looks at the signs of life in the state, and at who holds it."""

    def __init__(
        self, pulse: Pulse, clock: Clock, is_held: Callable[[], bool], silence_seconds_max: float
    ) -> None:
        """Take what tells that a live process holds the state, and how old a sign may be."""
        self._pulse = pulse
        self._clock = clock
        self._is_held = is_held
        self._silence_seconds_max = silence_seconds_max

    def is_served(self) -> bool:
        """Say whether a live process holds the state.

        Raises ``StateUnavailable`` where that can't be looked at.
        """
        return self._is_held()

    def look(self) -> Health:
        """Return how it is; a state that can't be looked at is not well."""
        try:
            # In this order, so that a process which ends in between is not taken for a live one.
            beat, is_held = self._pulse.last(), self._is_held()
        except (StateMisfit, StateUnavailable) as error:
            return _ill(str(error))
        if beat is None:
            what = "A process is starting" if is_held else "Nothing has served this state yet"
            return _ill(f"{what}.")
        about = f"the last sign of life is that of {beat.executor}, {beat.beaten_at:%F %T} UTC"
        if not is_held:
            how = "it stopped in good order" if beat.stopped else "it ended without a word"
            return _ill(f"No process serves this state; {about}: {how}.", beat)
        if beat.stopped:
            return _ill(f"A process is starting or has just stopped; {about}.", beat)
        silent_seconds = (self._clock.now() - beat.beaten_at).total_seconds()
        if silent_seconds > self._silence_seconds_max:
            return _ill(f"The process has not ticked for {silent_seconds:.0f} s; {about}.", beat)
        return Health(
            is_well=True,
            reason=f"{beat.executor} ticked {max(silent_seconds, 0.0):.0f} s ago.",
            beat=beat,
        )


def _ill(reason: str, beat: Beat | None = None) -> Health:
    return Health(is_well=False, reason=reason, beat=beat)
