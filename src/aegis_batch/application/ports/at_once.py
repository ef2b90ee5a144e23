"""The port for doing several things at the same time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

__all__ = ["AtOnce"]

T = TypeVar("T")
M = TypeVar("M")
N = TypeVar("N")
R = TypeVar("R")


class AtOnce(Protocol):
    """Does the same with many things, several at a time."""

    def each(self, work: Callable[[T], R], things: Sequence[T]) -> Iterator[R]:
        """Yield what comes of each thing as it comes, in any order.

        What ``work`` raises goes on to the caller, who then gets no more; what is under way is
        waited for.
        """
        ...

    def together(
        self,
        first: Callable[[T], M],
        gather: Callable[[Sequence[M]], Sequence[N]],
        then: Callable[[N], R],
        things: Sequence[T],
    ) -> Iterator[R]:
        """Do ``first`` with each thing, ``gather`` what came, do ``then`` with each it returns.

        All are gathered together, in the caller's thread, as long as they come: where some keep the
        others waiting, those that have come are gathered without them, and the late ones later. So
        ``gather`` is called as often as that takes, with each that came once, and never with none.
        Yields what comes of ``then`` as ``each`` does, and raises as it does.
        """
        ...
