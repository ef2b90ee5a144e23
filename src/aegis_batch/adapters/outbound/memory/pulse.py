"""Signs of life in memory."""

from aegis_batch.application.ports.pulse import Beat

__all__ = ["InMemoryPulse"]


class InMemoryPulse:
    """Keeps the last sign of life of each executor."""

    def __init__(self) -> None:
        """Start without any."""
        self._kept: dict[str, Beat] = {}

    def beat(self, beat: Beat) -> None:
        """Keep a sign of life, in the place of the executor's last one."""
        self._kept[beat.executor] = beat

    def of(self, executor: str) -> Beat | None:
        """Return the sign of life that an executor gave last; ``None`` where there was none."""
        return self._kept.get(executor)

    def last(self) -> Beat | None:
        """Return the newest sign of life of any executor; ``None`` where there was none ever."""
        # A copy, since other threads may add to it meanwhile.
        beats = list(self._kept.values())
        return max(beats, key=lambda beat: (beat.beaten_at, beat.executor), default=None)
