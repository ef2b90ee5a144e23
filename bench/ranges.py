"""A year of days by one ``backfill``, and verified, beside a shell loop of ``close``.

``python -m bench.ranges``: prints the lines, and keeps them in a file of their own.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.backend import BackendProcess, running_backend
from bench.figures import Figures
from bench.ground import running_ground
from bench.measure import measure
from bench.rounds import WrongFiguresError
from bench.shop import GROWING, Span, day_figures
from bench.ways import PROGRAM

__all__ = ["Round", "as_markdown", "hold_reports", "hold_verdicts", "main", "parsed"]

_RESULTS = Path(__file__).parent / "ranges.md"
_FIRST_DAY = date(2025, 1, 1)
# What the kept results are of; any other run prints its lines alone.
_WHOLE = {"days": 365, "loop_days": 30, "orders": 69, "rounds": 3}
_SHELL = "/bin/sh"
_LOOP = 'for day do "$0" close --date "$day" --output json || exit; done'
_CREATED = "201"


@dataclass(frozen=True, slots=True)
class Round:
    """What each way took in one round, in seconds from the start of a process to its exit.

    The loop closed ``loop_days`` of the ``days`` that the others were at.
    """

    days: int
    loop_days: int
    loop_seconds: float
    plan_seconds: float
    backfill_seconds: float
    verify_seconds: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure a range of days in each way, round by round."""
    options = parsed(arguments)
    span = Span(_FIRST_DAY, options.days)
    expected = {day: day_figures(options.orders, at) for at, day in enumerate(span.days)}
    load_before = os.getloadavg()[0]
    with running_ground() as ground, ground.shop(GROWING, options.orders, span) as shop:
        rounds = []
        for number in range(options.rounds):
            sys.stderr.write(f"Measuring {span.count} days, round {number + 1}...\n")
            rounds.append(_round(shop, expected, options.loop_days))
    text = as_markdown(rounds, options.orders, (load_before, os.getloadavg()[0]))
    sys.stdout.write(text)
    if options.results is None:
        sys.stderr.write(f"This was not the whole bench: {_RESULTS.name} stays as it is.\n")
        return
    options.results.write_text(text, encoding="utf-8")


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what to measure; ``results`` is the file for the lines, ``None`` for none."""
    parser = argparse.ArgumentParser(prog="python -m bench.ranges", description=main.__doc__)
    parser.add_argument("--days", type=int, default=_WHOLE["days"], help="how many there are")
    parser.add_argument(
        "--loop-days",
        type=int,
        default=_WHOLE["loop_days"],
        help="how many of them the shell loop closes, evenly spread",
    )
    parser.add_argument("--orders", type=int, default=_WHOLE["orders"], help="orders of each day")
    parser.add_argument("--rounds", type=int, default=_WHOLE["rounds"])
    parser.add_argument(
        "--results",
        type=Path,
        help=f"the file for the lines; {_RESULTS.name} for the whole bench, none for a part",
    )
    options = parser.parse_args(arguments)
    if min(getattr(options, name) for name in _WHOLE) < 1 or options.loop_days > options.days:
        parser.error("all numbers are 1 at least, and --loop-days is --days at most")
    if options.results is None and _WHOLE.items() <= vars(options).items():
        options.results = _RESULTS
    return options


def _round(shop: Mapping[str, str], expected: Mapping[date, Figures], loop_days: int) -> Round:
    days = list(expected)
    some = days[:: len(days) // loop_days][:loop_days]
    with _afresh(shop) as (environ, backend):
        loop = measure((_SHELL, "-c", _LOOP, str(PROGRAM), *map(str, some)), environ)
        hold_reports("the loop", backend, {day: expected[day] for day in some})
    ends = ("--from", str(days[0]), "--to", str(days[-1]))
    with _afresh(shop) as (environ, backend):
        plan = measure(_command("backfill", *ends), environ)
        plan_id = json.loads(plan.output)["backfill"]["id"]
        backfill = measure(_command("backfill", "--yes", plan_id), environ)
        hold_reports("the backfill", backend, expected)
        verify = measure(_command("verify", *ends), environ)
        hold_verdicts(json.loads(verify.output), len(days))
        # Once more: to verify is to send nothing.
        hold_reports("verify", backend, expected)
    return Round(
        days=len(days),
        loop_days=len(some),
        loop_seconds=loop.seconds,
        plan_seconds=plan.seconds,
        backfill_seconds=backfill.seconds,
        verify_seconds=verify.seconds,
    )


def _command(*arguments: str) -> tuple[str, ...]:
    return (str(PROGRAM), *arguments, "--output", "json")


@contextmanager
def _afresh(shop: Mapping[str, str]) -> Iterator[tuple[dict[str, str], BackendProcess]]:
    """Yield settings with a state and a Backend that have nothing yet, and that Backend."""
    with TemporaryDirectory(prefix="aegis-bench-") as folder:
        environ = {**shop, "AEGIS_STATE_URL": f"sqlite:///{folder}/state.db"}
        with running_backend(environ, Path(folder)) as backend:
            yield environ | backend.environ, backend


def hold_reports(way: str, backend: BackendProcess, expected: Mapping[date, Figures]) -> None:
    """Raise ``WrongFiguresError`` unless the Backend got each day's report once, and no other."""
    found = backend.figures(expected)
    wrong = [str(day) for day in expected if found.get(day) != expected[day]]
    if wrong:
        raise WrongFiguresError(f"after {way} the Backend has other reports of {wrong}")
    answers = backend.submissions()
    if answers != [_CREATED] * len(expected):
        raise WrongFiguresError(f"after {way} the Backend had answered {answers}")


def hold_verdicts(verified: Mapping[str, Any], days: int) -> None:
    """Raise ``WrongFiguresError`` unless all days were found equal."""
    verdicts = {verdict: count for verdict, count in verified["verdicts"].items() if count}
    if verdicts != {"equal": days} or verified["notLookedAt"] != 0:
        raise WrongFiguresError(f"verify found {verdicts} of {days} days")


def as_markdown(rounds: Sequence[Round], orders: int, loads: tuple[float, float]) -> str:
    """Return the rounds as one table, with what was measured on.

    ``loads`` are the load averages over a minute, before the first round and after the last.
    """
    days, loop_days = rounds[0].days, rounds[0].loop_days
    about = (
        f"`make bench`. A range of {days} days with {orders} orders each, three lines an order,"
        f" and {len(rounds)} rounds: in each everything ran once, one after the other. Whole"
        " processes from start to exit, with the settings as they are unless set; the Backend"
        " (`aegis-batch sandbox`) is a process of its own. The loop and the backfill began with a"
        f" state and a Backend that had nothing. The loop closed {loop_days} of the days, evenly"
        " spread; `verify` looked at what the backfill had closed. A round counts only if the"
        " Backend got the report of each day once, with the right figures, and `verify` found all"
        " equal."
    )
    measured_on = (
        "Each figure is the median of the rounds, with the least and the most in brackets. Ratios"
        " are of days a second, within one round. PostgreSQL 18 and all processes on one machine"
        f" with {os.cpu_count()} cores, Python {platform.python_version()}; its load average over"
        f" a minute was {loads[0]:.1f} before the first round and {loads[1]:.1f} after the last."
    )
    lines = [
        *("# A range of days: backfill and verify, beside a loop of close", "", about, ""),
        *(measured_on, "", *_table(rounds), ""),
    ]
    return "\n".join(lines)


def _table(rounds: Sequence[Round]) -> Iterator[str]:
    loop = [each.loop_days / each.loop_seconds for each in rounds]
    plan = [each.plan_seconds for each in rounds]
    both_seconds = [each.plan_seconds + each.backfill_seconds for each in rounds]
    both = [each.days / seconds for each, seconds in zip(rounds, both_seconds, strict=True)]
    rows = {
        "shell loop of `close --date D`": [each.loop_seconds for each in rounds],
        "`backfill --from A --to B`, the plan": plan,
        "`backfill --yes PLAN`": [each.backfill_seconds for each in rounds],
        "the backfill, both of these": both_seconds,
        "`verify --from A --to B`": [each.verify_seconds for each in rounds],
    }
    yield "| way | days | seconds | days a second | ratio to the loop | ratio to the backfill |"
    yield "|---|--:|--:|--:|--:|--:|"
    for way, seconds in rows.items():
        days = rounds[0].loop_days if way.startswith("shell loop") else rounds[0].days
        paces = [days / one for one in seconds]
        # A day that is planned is none that is closed or verified.
        beside = () if seconds is plan else (loop, both)
        ratios = [_told(_ratios(paces, others), 2) for others in beside] or ["-", "-"]
        yield f"| {' | '.join((way, str(days), _told(seconds, 1), _told(paces, 2), *ratios))} |"


def _ratios(paces: Sequence[float], others: Sequence[float]) -> list[float]:
    return [pace / other for pace, other in zip(paces, others, strict=True)]


def _told(values: Sequence[float], decimals: int) -> str:
    least, most = f"{min(values):.{decimals}f}", f"{max(values):.{decimals}f}"
    return f"{statistics.median(values):.{decimals}f} ({least} to {most})"


if __name__ == "__main__":
    main()
