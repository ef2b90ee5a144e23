"""Points at which a process that serves can be killed: around port calls and commits.

A point has a name that says where the process stands: what it is doing (``night, attempt 1``, or
the name of a thread of the engine), which call, the how many-th of its kind there, and whether
before or after. What a process at rest does over and over has names for its first round alone.
"""

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Deed", "Watch", "watched"]

_NUMBERS = re.compile(r"[-_ ]?[0-9]+")


@dataclass(frozen=True)
class Deed:
    """What a watch does: kill at the point of a name or at the so many-th, or keep a journal."""

    name: str | None = None
    number: int | None = None
    journal: Path | None = None


class Watch:
    """Sees the points that a process comes to, and kills it at the one that it was told."""

    def __init__(self, deed: Deed) -> None:
        self._deed = deed
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._threads: Counter[str] = Counter()
        self._here = threading.local()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Name what this thread does now; what it does after that is told as its end."""
        self._here.stage, self._here.counts = name, Counter()
        try:
            yield
        finally:
            self._here.stage = f"{name}, ended"

    @contextmanager
    def rest(self) -> Iterator[None]:
        """Pass over what this thread does now: it has been seen."""
        self._here.is_resting = True
        try:
            yield
        finally:
            self._here.is_resting = False

    def around(self, name: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - as the call has it
        """Make a call, with a point before and one after it."""
        place = self._place(name)
        if place is None:
            return call()
        self._come_to(f"{place}, before")
        try:
            return call()
        finally:
            self._come_to(f"{place}, after")

    def _place(self, name: str) -> str | None:
        if getattr(self._here, "is_resting", False):
            return None
        stage = getattr(self._here, "stage", None)
        if stage is None:
            stage = _NUMBERS.sub("", threading.current_thread().name)
            with self._lock:
                self._threads[f"{stage}: {name}"] += 1
                return f"{stage}: {name} {self._threads[f'{stage}: {name}']}"
        self._here.counts[name] += 1
        return f"{stage}: {name} {self._here.counts[name]}"

    def _come_to(self, point: str) -> None:
        with self._lock:
            if point not in self._seen:
                self._seen.add(point)
                if self._deed.journal is not None:
                    with self._deed.journal.open("a", encoding="utf-8") as journal:
                        journal.write(f"{point}\n")
            if point == self._deed.name or len(self._seen) == self._deed.number:
                # As the kernel would: nothing is flushed, closed or undone.
                os.kill(os.getpid(), signal.SIGKILL)


class _Watched:
    """A port, every call of which has a point before and one after it."""

    def __init__(self, watch: Watch, name: str, port: object) -> None:
        self._watch = watch
        self._name = name
        self._port = port

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._port, attribute)
        if not callable(found):
            return found
        name = f"{self._name}.{attribute}"

        def call(*arguments: object, **named: object) -> Any:  # noqa: ANN401 - as the port has it
            return self._watch.around(name, lambda: found(*arguments, **named))

        return call


def watched(watch: Watch, name: str, port: object) -> Any:  # noqa: ANN401 - stands in for the port
    """Return a stand-in for a port that is watched."""
    return _Watched(watch, name, port)
