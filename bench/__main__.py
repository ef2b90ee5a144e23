"""``python -m bench``: measure, print one table, and keep it in a file."""

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.ground import Ground, running_ground
from bench.measure import measure
from bench.rounds import large_day, small_day
from bench.shop import GROWING, SCATTERED, Ids, day_figures
from bench.table import Section, as_markdown
from bench.ways import IMPORTS_ALONE, large_ways

_SMALL_DAY_ORDERS = 69
_IDS = {"growing": GROWING, "random": SCATTERED}
# What the kept results are of; any other run prints its table alone.
_SIZES = [10_000, 100_000, 1_000_000]
_ROUNDS = 5
_RESULTS = Path(__file__).parent / "results.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the arguments name."""
    options = parsed(arguments)
    with running_ground() as ground:
        sections = [_small_section(ground, options.rounds)]
        for orders in options.sizes:
            sections += [
                _large_section(ground, _IDS[key], orders, options) for key in options.ids or _IDS
            ]
    table = as_markdown(sections, rounds=options.rounds)
    sys.stdout.write(table)
    if options.results is None:
        sys.stderr.write(f"This was not the whole bench: {_RESULTS.name} stays as it is.\n")
        return
    options.results.write_text(table, encoding="utf-8")


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what to measure; ``results`` is the file for the table, ``None`` for none."""
    options = _parser().parse_args(arguments)
    told = (options.sizes, options.rounds, options.without, options.ids)
    if options.results is None and told == (_SIZES, _ROUNDS, [], None):
        options.results = _RESULTS
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument(
        "sizes", nargs="*", type=int, default=_SIZES, help="orders of the days to measure"
    )
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="how often to measure each way")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=["checked", "close", "polars", "cursor"],
        help="a way to leave out",
    )
    parser.add_argument(
        "--ids", action="append", choices=_IDS, help="a kind of ids to measure; all unless named"
    )
    parser.add_argument(
        "--results",
        type=Path,
        help=f"the file for the table; {_RESULTS.name} for the whole bench, none for a part",
    )
    return parser


def _small_section(ground: Ground, rounds: int) -> Section:
    _tell(f"a small day of {_SMALL_DAY_ORDERS} orders, read and handed over")
    with ground.shop(GROWING, _SMALL_DAY_ORDERS) as environ:
        scores = small_day(environ, day_figures(_SMALL_DAY_ORDERS), rounds)
        return Section(f"{_SMALL_DAY_ORDERS} orders, handed over", scores)


def _large_section(ground: Ground, ids: Ids, orders: int, options: argparse.Namespace) -> Section:
    title = f"{orders:,} orders, {ids.name}"
    _tell(title)
    with ground.shop(ids, orders) as environ:
        ways = large_ways(ground.psql, without=options.without)
        scores = large_day(ways, environ, day_figures(orders), options.rounds)
        return Section(title, scores, _imports_mb(environ, options.rounds))


def _imports_mb(environ: Mapping[str, str], rounds: int) -> float:
    runs = [measure(IMPORTS_ALONE.command, environ) for _ in range(rounds)]
    return statistics.median(run.peak_mb for run in runs)


def _tell(what: str) -> None:
    sys.stderr.write(f"Measuring {what}...\n")


if __name__ == "__main__":
    main()
