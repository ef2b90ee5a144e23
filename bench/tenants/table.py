"""Writes the nights of all ways as one page."""

import os
import platform
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.tenants.night import Night
from bench.tenants.reading import Reading
from bench.tenants.town import Town
from bench.tenants.ways import OURS

__all__ = ["Case", "Limit", "Trial", "as_markdown"]

_AIMS = (3, 5)
_OURS = frozenset(way.name for way in OURS.values())


@dataclass(frozen=True, slots=True)
class Limit:
    """What the stand-in for the Backend is, and how many requests one plain loop got through."""

    kind: str
    requests_a_second: float


@dataclass(frozen=True, slots=True)
class Trial:
    """How many closes a second a way came to with so many at once."""

    at_once: int
    pace: float


@dataclass(frozen=True, slots=True)
class Case:
    """The nights of one town, round by round, and what reading it by itself came to."""

    town: Town
    rounds: Sequence[Sequence[Night]]
    reading: Reading


def as_markdown(
    cases: Sequence[Case],
    trials: Mapping[str, Sequence[Trial]],
    limit: Limit,
    loads: tuple[float, float],
) -> str:
    """Return all cases, with what was measured on; ``loads`` are the load averages around it."""
    rounds = len(cases[0].rounds)
    about = (
        f"`make bench`. Nights of {' and of '.join(case.town.name for case in cases)}, three lines"
        f" an order, {rounds} round{'s' if rounds > 1 else ''}, in each every way once, one after"
        " the other, each on a queue or a state that had nothing. Seconds are from the first tenant"
        " that is dispatched to the last that is confirmed: in ours to the last seal that is kept,"
        " in the others to the last report that was handed over. A night counts only if each tenant"
        " was handed over once, with the right figures. Where there are more rounds than one,"
        " figures are medians."
    )
    measured_on = (
        f"The stand-in for the Backend is {limit.kind}, in a process of its own; one plain loop"
        f" handed {limit.requests_a_second:,.0f} reports a second over to it. PostgreSQL 18 without"
        " `fsync`, Redis without a disk, and all processes on one machine with"
        f" {os.cpu_count()} cores, Python {platform.python_version()}; its load average over a"
        f" minute was {loads[0]:.1f} before and {loads[1]:.1f} at the end. Orders come in by turns,"
        " so that those of a shop lie apart, and there is an index on shop and time. `serve` and"
        " the workers have the settings that docs/scaling.md has for so many tenants, and look"
        " into their queue twice a second, DBOS ten times; all else is as it is unless set. CPU"
        " seconds are of the way's own processes, with Redis, and of PostgreSQL beside them;"
        " memory is the most that the largest of its own processes held."
    )
    lines = ["# A night of many tenants, beside queues with a task for each", "", about, ""]
    lines += [measured_on, ""]
    for case in cases:
        lines += [*_table(case.town, case.rounds), ""]
    lines += [*_verdicts(cases), "", *_does(cases), ""]
    if any(len(tried) > 1 for tried in trials.values()):
        lines += [*_tried(trials), ""]
    return "\n".join(lines)


def _table(town: Town, rounds: Sequence[Sequence[Night]]) -> Iterator[str]:
    best = max((_median(rounds, at, _pace) for at in _others(rounds)), default=0.0)
    yield (
        f"| {town.name} | seconds | closes a second | of the best other | CPU seconds |"
        " CPU seconds of PostgreSQL | memory, MB |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for at, night in enumerate(rounds[0]):
        ratio = f"{_median(rounds, at, _pace) / best:.1f}" if best else "-"
        cells = (
            f"{_median(rounds, at, lambda each: each.seconds):.1f}",
            f"{_median(rounds, at, _pace):.0f}",
            ratio,
            f"{_median(rounds, at, lambda each: each.cpu_seconds):.1f}",
            f"{_median(rounds, at, lambda each: each.server_cpu_seconds):.1f}",
            f"{_median(rounds, at, _peak):.0f}",
        )
        yield f"| {night.way} | {' | '.join(cells)} |"


def _verdicts(cases: Sequence[Case]) -> Iterator[str]:
    """Say of each case whether it reached its aim, and whether memory stays where it is."""
    for case, aim in zip(cases, _AIMS, strict=False):
        town, rounds = case.town, case.rounds
        others = [_median(rounds, at, _pace) for at in _others(rounds)]
        ours = [_median(rounds, at, _pace) for at in _own(rounds)]
        if others and ours:
            ratio = max(ours) / max(others)
            word = "reached" if ratio >= aim else "**missed**"
            yield (
                f"- {town.name}: {ratio:.1f} times the best of the others; the aim of {aim} times"
                f" is {word}."
            )
        yield _ceiling(case.reading, max(others, default=0.0))
    if len(cases) > 1:
        first, last = ({n.way: n.peak_mb for n in case.rounds[0]} for case in (cases[0], cases[-1]))
        told = [f"{way} {first[way]:.0f} and {last[way]:.0f} MB" for way in last if way in _OURS]
        grown = f"{cases[0].town.tenants:,} and {cases[-1].town.tenants:,} tenants"
        yield (
            f"- Memory with {grown}: {'; '.join(told)}. It goes with the tenants of a shard, as"
            " many as docs/scaling.md has for so many, and not with the tenants there are."
        )


def _ceiling(reading: Reading, best: float) -> str:
    """Say how fast the orders are read where nothing is done with them."""
    told = (
        f"- {reading.town.name}: the orders alone, with both cores for it, are read at"
        f" {reading.one_by_one:.0f} tenants a second one by one, and {reading.together:.0f} in"
        " scans of many"
    )
    if not best:
        return f"{told}."
    return (
        f"{told}: {reading.pace / best:.1f} times the best of the others is what can't be passed."
    )


def _does(cases: Sequence[Case]) -> Iterator[str]:
    yield "What each does for a tenant:"
    yield ""
    for night in cases[0].rounds[0]:
        asked = f"{night.gets:,} GET and {night.tenants:,} POST"
        yield f"- {night.way}: {night.does} ({asked})."


def _tried(trials: Mapping[str, Sequence[Trial]]) -> Iterator[str]:
    yield "With how many at once the others were tried, and closes a second; the best was taken:"
    yield ""
    numbers = [trial.at_once for trial in next(iter(trials.values()))]
    yield f"| way | {' | '.join(map(str, numbers))} |"
    yield f"|---|{'--:|' * len(numbers)}"
    for key, tried in trials.items():
        yield f"| {key} | {' | '.join(f'{trial.pace:.0f}' for trial in tried)} |"


def _own(rounds: Sequence[Sequence[Night]]) -> list[int]:
    return [at for at, night in enumerate(rounds[0]) if night.way in _OURS]


def _others(rounds: Sequence[Sequence[Night]]) -> list[int]:
    return [at for at, night in enumerate(rounds[0]) if night.way not in _OURS]


def _median(rounds: Sequence[Sequence[Night]], at: int, of: Callable[[Night], float]) -> float:
    return statistics.median(of(nights[at]) for nights in rounds)


def _pace(night: Night) -> float:
    return night.pace


def _peak(night: Night) -> float:
    return night.peak_mb
