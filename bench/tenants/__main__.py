"""``python -m bench.tenants``: nights of many tenants, each way in turn; print and keep a table."""

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figures
from bench.ground import Ground, running_ground
from bench.tenants.night import Night, night_of
from bench.tenants.reading import read_town
from bench.tenants.stand_in import requests_a_second, running_stand_in
from bench.tenants.table import Case, Limit, Trial, as_markdown
from bench.tenants.town import Town, latest_day, open_town
from bench.tenants.ways import OURS, QUEUES, OtherWay, Way

__all__ = ["main", "parsed", "town_of"]

_RESULTS = Path(__file__).parent.parent / "tenants.md"
# What the kept results are of; any other run prints its table alone.
_WHOLE = {
    "towns": [Town(1_000, 1_000), Town(10_000, 100)],
    "rounds": 1,
    "at_once": [1, 2, 4, 8, 16, 32],
    "trial_tenants": 300,
    "without": [],
    "own_stand_in": False,
}
_LOOP_REQUESTS = 5_000
_TRIAL_ORDERS = 100
# Each tenant by itself is no way for many: how it compares is seen in the first case.
_ONLY_FIRST = "single"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure nights of many tenants, beside queues that do one task a tenant."""
    options = parsed(arguments)
    load_before = os.getloadavg()[0]
    with running_ground() as ground:
        limit = _limit(options)
        trials = _trials(ground, options)
        best = {key: max(trials[key], key=lambda trial: trial.pace) for key in trials}
        cases = [_case(ground, town, best, options) for town in options.towns]
    text = as_markdown(cases, trials, limit, (load_before, os.getloadavg()[0]))
    sys.stdout.write(text)
    if options.results is None:
        sys.stderr.write(f"This was not the whole bench: {_RESULTS.name} stays as it is.\n")
        return
    options.results.write_text(text, encoding="utf-8")


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what to measure; ``results`` is the file for the table, ``None`` for none."""
    parser = argparse.ArgumentParser(prog="python -m bench.tenants", description=main.__doc__)
    parser.add_argument(
        "towns",
        nargs="*",
        type=town_of,
        default=_WHOLE["towns"],
        help="tenants and the orders of each, as in 1000x1000",
    )
    parser.add_argument("--rounds", type=int, default=_WHOLE["rounds"])
    parser.add_argument(
        "--at-once",
        nargs="+",
        type=int,
        default=_WHOLE["at_once"],
        help="with how many at once the other ways are tried; the best of them is measured",
    )
    parser.add_argument("--trial-tenants", type=int, default=_WHOLE["trial_tenants"])
    parser.add_argument("--without", action="append", default=[], choices=[*OURS, *QUEUES])
    parser.add_argument(
        "--own-stand-in", action="store_true", help="do without nginx even where there is one"
    )
    parser.add_argument(
        "--results",
        type=Path,
        help=f"the file for the table; {_RESULTS.name} for the whole bench, none for a part",
    )
    options = parser.parse_args(arguments)
    if options.results is None and _WHOLE.items() <= vars(options).items():
        options.results = _RESULTS
    return options


def town_of(text: str) -> Town:
    """Read a town, as in ``1000x1000``; raises ``ArgumentTypeError``."""
    found = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text} is not like 1000x1000")
    return Town(int(found[1]), int(found[2]))


def _limit(options: argparse.Namespace) -> Limit:
    """Measure the stand-in by itself, so that it can be seen not to be what limits the others."""
    items = [{"name": f"Item {number}", "qty": number} for number in range(10)]
    body = str({"reportDate": "2026-01-01", "totalOrders": 1, "totalRevenue": 1, "topItems": items})
    with (
        TemporaryDirectory(prefix="aegis-bench-") as folder,
        running_stand_in(Path(folder), own=options.own_stand_in) as stand_in,
    ):
        return Limit(stand_in.kind, requests_a_second(stand_in, body, _LOOP_REQUESTS))


def _trials(ground: Ground, options: argparse.Namespace) -> dict[str, list[Trial]]:
    """Try the other ways with each number at once, on a small town."""
    keys = [key for key in QUEUES if key not in options.without]
    if len(options.at_once) == 1:
        return {key: [Trial(options.at_once[0], 0.0)] for key in keys}
    town, day = Town(options.trial_tenants, _TRIAL_ORDERS), latest_day()
    expected = town.figures()
    with open_town(ground, town, day) as environ:
        return {
            key: [
                Trial(
                    at_once,
                    _night(
                        OtherWay(*QUEUES[key], at_once), ground, environ, expected, options
                    ).pace,
                )
                for at_once in options.at_once
            ]
            for key in keys
        }


def _case(
    ground: Ground, town: Town, best: Mapping[str, Trial], options: argparse.Namespace
) -> Case:
    """Measure all ways in one town, round by round, and reading by itself at the end."""
    ways: list[Way] = [way for key, way in OURS.items() if _is_wanted(key, town, options)]
    ways += [OtherWay(*QUEUES[key], trial.at_once) for key, trial in best.items()]
    expected, day = town.figures(), latest_day()
    sys.stderr.write(f"Making {town.name}...\n")
    with open_town(ground, town, day) as environ:
        rounds = [
            [_night(way, ground, environ, expected, options) for way in ways]
            for _ in range(options.rounds)
        ]
        return Case(town, rounds, read_town(town, environ, expected))


def _is_wanted(key: str, town: Town, options: argparse.Namespace) -> bool:
    if key in options.without:
        return False
    return key != _ONLY_FIRST or town is options.towns[0]


def _night(
    way: Way,
    ground: Ground,
    environ: Mapping[str, str],
    expected: Mapping[str, Figures],
    options: argparse.Namespace,
) -> Night:
    night = night_of(way, ground, environ, expected, own_stand_in=options.own_stand_in)
    at_once = f", {way.at_once} at once" if isinstance(way, OtherWay) else ""
    sys.stderr.write(
        f"{way.name}{at_once}: {len(expected):,} tenants in {night.seconds:.1f} s,"
        f" {night.pace:.0f} a second\n"
    )
    return night


if __name__ == "__main__":
    main()
