"""Many things at the same time, in threads."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from statistics import median_low
from typing import TypeAlias, TypeVar

__all__ = ["SystemAtOnce"]

T = TypeVar("T")
M = TypeVar("M")
N = TypeVar("N")
R = TypeVar("R")

# Where all are slow, nobody is late: the patience is so many times what the middle one took.
_PATIENCE_TIMES = 3
_PATIENCE_SECONDS_MAX = 10.0

# What has come: of the first work, with the seconds that it took, or of the second.
_Came: TypeAlias = tuple[Future[tuple[M, float]] | None, Future[R] | None]


class SystemAtOnce:
    """Does so many things at the same time, in threads that end with the last of them."""

    def __init__(self, at_once_max: int, patience_seconds: float = 1.0) -> None:
        """Take how many there may be at a time.

        What is to be gathered is late once nothing has come for ``patience_seconds``, or for longer
        where most take longer.
        """
        self._at_once_max = at_once_max
        self._patience_seconds = patience_seconds

    def each(self, work: Callable[[T], R], things: Sequence[T]) -> Iterator[R]:
        """Yield what comes of each thing as it comes; see the port."""
        at_once = min(self._at_once_max, len(things))
        if at_once <= 1:
            yield from map(work, things)
            return
        waiting = deque(things)
        # What came of a thing, in a list; or the number of a thread that has come to its end.
        came: SimpleQueue[list[R] | int] = SimpleQueue()

        def go_on(number: int) -> None:
            try:
                while True:
                    try:
                        thing = waiting.popleft()
                    except IndexError:
                        return
                    came.put([work(thing)])
            finally:
                came.put(number)

        # A task for each thread, and not for each thing: a future costs as much as a small one.
        with ThreadPoolExecutor(at_once, thread_name_prefix="at-once") as threads:
            begun = [threads.submit(go_on, number) for number in range(at_once)]
            at_work = at_once
            try:
                while at_work:
                    told = came.get()
                    if isinstance(told, int):
                        begun[told].result()
                        at_work -= 1
                    else:
                        yield told[0]
            finally:
                waiting.clear()

    def together(
        self,
        first: Callable[[T], M],
        gather: Callable[[Sequence[M]], Sequence[N]],
        then: Callable[[N], R],
        things: Sequence[T],
    ) -> Iterator[R]:
        """Yield what comes of each thing as it comes; see the port."""
        if len(things) <= 1:
            yield from map(then, gather([first(thing) for thing in things]) if things else ())
            return
        came: SimpleQueue[_Came[M, R]] = SimpleQueue()

        def timed(thing: T) -> tuple[M, float]:
            began = time.monotonic()
            return first(thing), time.monotonic() - began

        at_once = min(self._at_once_max, len(things))
        with ThreadPoolExecutor(at_once, thread_name_prefix="at-once") as threads:
            try:
                for thing in things:
                    threads.submit(timed, thing).add_done_callback(lambda f: came.put((f, None)))
                first_left, then_left = len(things), 0
                to_gather: list[M] = []
                took_seconds: list[float] = []
                late_at = 0.0
                while first_left or then_left:
                    of_first, of_then = _next(came, late_at if to_gather else None)
                    if of_then is not None:
                        then_left -= 1
                        yield of_then.result()
                    elif of_first is not None:
                        first_left -= 1
                        thing_came, seconds = of_first.result()
                        to_gather.append(thing_came)
                        took_seconds.append(seconds)
                        late_at = time.monotonic() + self._patience(took_seconds)
                    nothing_came = of_first is None and of_then is None
                    if to_gather and (nothing_came or not first_left):
                        gathered, to_gather = gather(to_gather), []
                        then_left += len(gathered)
                        for each in gathered:
                            threads.submit(then, each).add_done_callback(
                                lambda f: came.put((None, f))
                            )
            finally:
                threads.shutdown(wait=False, cancel_futures=True)

    def _patience(self, took_seconds: Sequence[float]) -> float:
        usual_seconds = min(_PATIENCE_TIMES * median_low(took_seconds), _PATIENCE_SECONDS_MAX)
        return max(self._patience_seconds, usual_seconds)


def _next(came: SimpleQueue[_Came[M, R]], until: float | None) -> _Came[M, R]:
    """Return what has come next; neither, if nothing comes until a monotonic instant."""
    try:
        return came.get(timeout=None if until is None else max(until - time.monotonic(), 0))
    except Empty:
        return None, None
