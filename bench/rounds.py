"""Rounds of measuring: every way once in each, so that all have the same weather."""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from bench.figures import Figures, figures_of_report
from bench.measure import Run, measure
from bench.shop import DAY
from bench.ways import SMALL_BARE, SMALL_CLOSE, Way

__all__ = ["Score", "WrongFiguresError", "large_day", "small_day"]

_TOKEN = "bench-token"  # noqa: S105 - made up, for a Backend on loopback


class WrongFiguresError(Exception):
    """A way found other figures than the day has."""


@dataclass(frozen=True, slots=True)
class Score:
    """Medians over all rounds; the ratio is to the first way, round by round."""

    way: str
    seconds: float
    ratio: float
    peak_mb: float


def large_day(
    ways: Sequence[Way], environ: Mapping[str, str], expected: Figures, rounds: int
) -> list[Score]:
    """Measure ways to the figures of one day.

    Raises ``WrongFiguresError`` as soon as one is wrong.
    """

    def run(way: Way) -> Run:
        done = measure(way.command, {**environ, **way.environ})
        _hold(way.name, way.read(done.output), expected)
        return done

    return _scores(ways, run, rounds)


def small_day(environ: Mapping[str, str], expected: Figures, rounds: int) -> list[Score]:
    """Measure the bare script and the close, each against a Backend that has nothing yet.

    Raises ``WrongFiguresError`` where the Backend got other figures than the day has.
    """

    def run(way: Way) -> Run:
        with _backend() as place:
            done = measure(way.command, {**environ, **place})
            found = httpx.get(
                f"{place['BACKEND_BASE_URL']}/reports/{DAY}",
                headers={"X-SERVICE-TOKEN": _TOKEN},
                trust_env=False,
            )
        _hold(way.name, figures_of_report(found.text), expected)
        return done

    return _scores([SMALL_BARE, SMALL_CLOSE], run, rounds)


@contextmanager
def _backend() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        server = SandboxServer(Path(folder) / "store.sqlite", _TOKEN)
        server.start()
        try:
            yield {"BACKEND_BASE_URL": server.url, "X_SERVICE_TOKEN": _TOKEN}
        finally:
            server.stop()


def _hold(name: str, found: Figures, expected: Figures) -> None:
    if found != expected:
        raise WrongFiguresError(f"{name} found {found}, not {expected}")


def _scores(ways: Sequence[Way], run: Callable[[Way], Run], rounds: int) -> list[Score]:
    # Once without counting: caches are warm for everybody then.
    for way in ways:
        run(way)
    table = [[run(way) for way in ways] for _ in range(rounds)]
    return [
        Score(
            way=way.name,
            seconds=statistics.median(row[column].seconds for row in table),
            ratio=statistics.median(row[column].seconds / row[0].seconds for row in table),
            peak_mb=statistics.median(row[column].peak_mb for row in table),
        )
        for column, way in enumerate(ways)
    ]
