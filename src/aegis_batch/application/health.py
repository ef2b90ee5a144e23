"""Whether a process that serves is alive and ticking, as far as others can see."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.pulse import Beat, Pulse
from aegis_batch.domain.errors import StateMisfit, StateUnavailable

__all__ = ["Health", "HealthUseCase", "Holder"]


@dataclass(frozen=True, slots=True)
class Holder:
    """The live process that holds a state: which executor it is, and since when it holds it.

    Both are ``None`` where it can't be seen, as in the moment in which it writes that down.
    """

    executor: str | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What was found, with the reason in words for people, and the last sign of life if any."""

    is_well: bool
    reason: str
    beat: Beat | None = None


class HealthUseCase:
    """Looks at who holds the state, and at the signs of life that this very process gives."""

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
        """Say whether a live process holds the state.

        Raises ``StateUnavailable`` where that can't be looked at.
        """
        return self._find_holder() is not None

    def look(self) -> Health:
        """Return how it is; a state that can't be looked at is not well."""
        try:
            named = self._find_holder()
            beat = self._sign_of(named)
            # Once more, so that a process which ended meanwhile is not taken for a live one.
            holder = self._find_holder()
        except (StateMisfit, StateUnavailable) as error:
            return _ill(str(error))
        if beat is None:
            what = (
                "Nothing has served this state yet" if holder is None else "A process is starting"
            )
            return _ill(f"{what}.")
        about = f"the last sign of life is that of {beat.executor}, {beat.beaten_at:%F %T} UTC"
        if holder is None:
            how = "it stopped in good order" if beat.stopped else "it ended without a word"
            return _ill(f"No process serves this state; {about}: {how}.", beat)
        if holder != named or beat.stopped or beat.started_at != holder.started_at:
            return _ill(f"A process is starting or has just stopped; {about}.", beat)
        return self._judge(beat, about)

    def _sign_of(self, holder: Holder | None) -> Beat | None:
        """Return the sign of the holder; of whoever came last, where it has given none."""
        own = None
        if holder is not None and holder.executor is not None:
            own = self._pulse.of(holder.executor)
        return own or self._pulse.last()

    def _judge(self, beat: Beat, about: str) -> Health:
        silent_seconds = (self._clock.now() - beat.beaten_at).total_seconds()
        if silent_seconds > self._silence_seconds_max:
            return _ill(f"The process has not ticked for {silent_seconds:.0f} s; {about}.", beat)
        if silent_seconds < -self._silence_seconds_max:
            what = "The process has not ticked since the clock was set back"
            return _ill(f"{what}; {about}.", beat)
        return Health(
            is_well=True,
            reason=f"{beat.executor} ticked {max(silent_seconds, 0.0):.0f} s ago.",
            beat=beat,
        )


def _ill(reason: str, beat: Beat | None = None) -> Health:
    return Health(is_well=False, reason=reason, beat=beat)
