"""Simulates days: ``python -m tests.simulation --seed 7 --days 125`` replays one world."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat

from tests.simulation.law import BrokenLawError
from tests.simulation.reached import not_reached
from tests.simulation.simulation import Simulation

__all__ = ["main"]

_DAYS = 125
# So many worlds reach everything that there is to reach.
_WORLDS_TO_REACH_ALL = 10


@dataclass(frozen=True, slots=True)
class _Lived:
    """What became of one world; ``broken`` says which law was."""

    seed: int
    days: int
    digest: str
    reached: Counter[str]
    broken: str | None = None


def main(arguments: list[str]) -> int:
    """Simulate as told, and return the exit status: 1 where a law is broken."""
    told = _parser().parse_args(arguments)
    worlds = told.worlds or max(1, -(-told.total_days // told.days))
    begun = time.monotonic()
    reached: Counter[str] = Counter()
    days = 0
    seeds = range(told.seed, told.seed + worlds)
    for lived in _lives(seeds, told.days, told.processes, shows=told.show):
        days += lived.days
        reached += lived.reached
        if lived.broken is not None:
            print(f"seed {lived.seed}: a law is broken: {lived.broken}")
            print(f"Replay: python -m tests.simulation --seed {lived.seed} --days {told.days}")
            return 1
        if told.digests:
            print(f"{lived.seed} {lived.digest}")
    seconds = time.monotonic() - begun
    if worlds >= _WORLDS_TO_REACH_ALL and (missing := not_reached(reached)):
        print("These were never reached: " + "; ".join(missing))
        return 1
    if told.counts:
        print("\n".join(f"{count:9} {what}" for what, count in sorted(reached.items())))
    print(f"{days} days in {seconds:.1f} s: {days / seconds:.0f} a second; no law is broken.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first world")
    parser.add_argument("--days", type=int, default=_DAYS, help="in each world")
    parser.add_argument("--worlds", type=int, default=0, help="how many, each with the next seed")
    parser.add_argument("--total-days", type=int, default=0, help="instead of --worlds")
    parser.add_argument("--processes", type=int, default=1, help="that share the work")
    parser.add_argument("--digests", action="store_true", help="print one for each world")
    parser.add_argument("--counts", action="store_true", help="print what was reached how often")
    parser.add_argument("--show", action="store_true", help="print all that happens")
    return parser


def _lives(seeds: range, days: int, processes: int, *, shows: bool) -> Iterator[_Lived]:
    if processes == 1:
        yield from (_live(seed, days, shows) for seed in seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_live, seeds, repeat(days), repeat(shows))


def _live(seed: int, days: int, shows: bool) -> _Lived:  # noqa: FBT001 - a process gets it by place
    simulation = Simulation(seed, days, show=print if shows else None)
    try:
        record = simulation.run()
    except BrokenLawError as error:
        return _Lived(seed, days, "", simulation.record.reached, str(error))
    return _Lived(seed, days, record.digest.hexdigest(), record.reached)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
