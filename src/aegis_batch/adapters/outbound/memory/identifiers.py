"""Ids that come in a known order."""

from itertools import count

__all__ = ["InMemoryIdentifiers"]


class InMemoryIdentifiers:
    """Counts, from a seed: the same seed gives the same ids, and another seed other ones."""

    def __init__(self, seed: int = 0) -> None:
        """Take a seed of at most 32 bits; ``ValueError`` for any other."""
        if not 0 <= seed < 2**32:
            raise ValueError(seed)
        self._seed = seed
        self._runs = count(1)
        self._traces = count(1)

    def new_run_id(self) -> str:
        """Return the next run's id, in the form of a random UUID."""
        return f"{self._seed:08x}-0000-4000-8000-{next(self._runs):012x}"

    def new_trace_id(self) -> str:
        """Return the next trace id of 32 hexadecimal digits."""
        return f"{self._seed:016x}{next(self._traces):016x}"
