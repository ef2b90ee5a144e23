"""Simulates fleets: ``python -m tests.simulation.fleet --seed 7 --days 12`` replays one world."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat

from tests.simulation.fleet.reached import not_reached
from tests.simulation.fleet.simulation import FleetSimulation
from tests.simulation.law import BrokenLawError

__all__ = ["main"]

_DAYS = 12
# So many tenant-days reach everything that there is to reach.
_ALL_REACHED_IN = 4_000


@dataclass(frozen=True, slots=True)
class _Lived:
    """What became of one world; ``broken`` says which law was."""

    seed: int
    tenant_days: int
    digest: str
    reached: Counter[str]
    broken: str | None = None


def main(arguments: list[str]) -> int:
    """Simulate as told, and return the exit status: 1 where a law is broken."""
    told = _parser().parse_args(arguments)
    begun = time.monotonic()
    reached: Counter[str] = Counter()
    tenant_days = worlds = 0
    for lived in _lives(told):
        worlds += 1
        tenant_days += lived.tenant_days
        reached += lived.reached
        if lived.broken is not None:
            print(f"seed {lived.seed}: a law is broken: {lived.broken}")
            print(
                f"Replay: python -m tests.simulation.fleet --seed {lived.seed} --days {told.days}"
            )
            return 1
        if told.digests:
            print(f"{lived.seed} {lived.digest}")
        if tenant_days >= told.tenant_days > 0:
            break
    missing = not_reached(reached) if tenant_days >= _ALL_REACHED_IN else []
    for what in missing:
        print(f"never reached: {what}")
    if told.counts:
        print("\n".join(f"{count:8} {what}" for what, count in sorted(reached.items())))
    seconds = time.monotonic() - begun
    print(f"{tenant_days} tenant-days in {worlds} worlds in {seconds:.1f} s; no law is broken.")
    return 1 if missing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.fleet", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first world")
    parser.add_argument("--days", type=int, default=_DAYS, help="in each world")
    parser.add_argument("--worlds", type=int, default=1, help="at most, each with the next seed")
    parser.add_argument("--tenant-days", type=int, default=0, help="after so many it is enough")
    parser.add_argument("--processes", type=int, default=1, help="that share the work")
    parser.add_argument("--digests", action="store_true", help="print one for each world")
    parser.add_argument("--counts", action="store_true", help="print what was reached how often")
    parser.add_argument("--show", action="store_true", help="print all that happens")
    return parser


def _lives(told: argparse.Namespace) -> Iterator[_Lived]:
    seeds = range(told.seed, told.seed + told.worlds)
    if told.processes == 1:
        yield from (_live(seed, told.days, told.show) for seed in seeds)
        return
    with ProcessPoolExecutor(told.processes) as pool:
        yield from pool.map(_live, seeds, repeat(told.days), repeat(told.show))


def _live(seed: int, days: int, shows: bool) -> _Lived:  # noqa: FBT001 - a process gets it by place
    simulation = FleetSimulation(seed, days, show=print if shows else None)
    try:
        simulation.run()
    except BrokenLawError as error:
        return _Lived(seed, 0, "", simulation.reached, str(error))
    digest = simulation.digest.hexdigest()
    return _Lived(seed, simulation.tenant_days, digest, simulation.reached)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
