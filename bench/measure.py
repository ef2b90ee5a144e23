"""Measures whole processes: seconds from start to exit, and the largest resident memory."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Cost", "Way", "measure_in_turn"]

_ERROR_CHARACTERS_MAX = 2_000


@dataclass(frozen=True)
class Way:
    """A command that arrives at a day's figures, and how to read them off its output."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    figures: Callable[[str], object]


@dataclass(frozen=True)
class Cost:
    """Medians over the counted runs of one way.

    A process starts as a copy of the one that measures, so ``memory_mib`` is never below that.
    """

    name: str
    seconds: float
    memory_mib: float


def measure_in_turn(ways: Sequence[Way], *, runs: int) -> list[Cost]:
    """Run all ways in turn, once to warm up and ``runs`` times counted, and return the medians.

    In turn, so that a machine whose speed drifts is as kind to one as to the other. Raises
    ``RuntimeError`` where a way fails, or where two disagree about the figures.
    """
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    memory: dict[str, list[float]] = {way.name: [] for way in ways}
    agreed: object = None
    for turn in range(runs + 1):
        for way in ways:
            took, peak_mib, output = _run(way)
            figures = way.figures(output)
            if agreed is not None and figures is not None and figures != agreed:
                raise RuntimeError(f"{way.name} says {figures}, others {agreed}")
            agreed = agreed if figures is None else figures
            if turn:
                seconds[way.name].append(took)
                memory[way.name].append(peak_mib)
    return [Cost(way.name, median(seconds[way.name]), median(memory[way.name])) for way in ways]


def _run(way: Way) -> tuple[float, float, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - the bench's own commands
            way.command,
            env={**os.environ, **way.environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode:
            err.seek(0)
            said = err.read().decode(errors="replace")[-_ERROR_CHARACTERS_MAX:]
            raise RuntimeError(f"{way.name} ended with {process.returncode}: {said}")
        return took, usage.ru_maxrss / 1024, out.read().decode()
