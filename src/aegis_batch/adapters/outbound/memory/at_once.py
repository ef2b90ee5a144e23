"""Many things, done one after the other."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

__all__ = ["InMemoryAtOnce"]

T = TypeVar("T")
M = TypeVar("M")
N = TypeVar("N")
R = TypeVar("R")


class InMemoryAtOnce:
    """Does one thing after the other, in their order."""

    def __init__(self, gathered_max: int | None = None) -> None:
        """Take how many are gathered together, as if the others were late; ``None``: all."""
        self._gathered_max = gathered_max

    def each(self, work: Callable[[T], R], things: Sequence[T]) -> Iterator[R]:
        """Yield what comes of each thing; see the port."""
        return map(work, things)

    def together(
        self,
        first: Callable[[T], M],
        gather: Callable[[Sequence[M]], Sequence[N]],
        then: Callable[[N], R],
        things: Sequence[T],
    ) -> Iterator[R]:
        """Yield what comes of each thing; see the port."""
        step = self._gathered_max or max(len(things), 1)
        for start in range(0, len(things), step):
            came = [first(thing) for thing in things[start : start + step]]
            yield from map(then, gather(came))
