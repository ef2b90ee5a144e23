"""The ways that are compared: what each runs, and how its output is read."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Figures, figures_of_close, figures_of_json, figures_of_psql
from bench.shop import DAY

__all__ = ["CLOSE", "IMPORTS_ALONE", "PROGRAM", "SMALL_BARE", "SMALL_CLOSE", "Way", "large_ways"]

_HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).parent / "aegis-batch"
# All that a rehearsed close imports, and nothing else.
_IMPORTS = (
    "import aegis_batch.__main__, aegis_batch.bootstrap.container, aegis_batch.bootstrap.loading,"
    " aegis_batch.bootstrap.telemetry, aegis_batch.adapters.outbound.postgres.order_reader"
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the figures of a day, run as a process of its own."""

    name: str
    command: tuple[str, ...]
    read: Callable[[str], Figures]
    environ: Mapping[str, str] = field(default_factory=dict)


def _nothing(output: str) -> Figures:
    raise ValueError(output)


_JSON = ("--output", "json", "--date", DAY)
CLOSE = Way(
    "`aegis-batch close --dry-run`",
    (str(PROGRAM), "close", "--dry-run", *_JSON),
    figures_of_close,
)
IMPORTS_ALONE = Way("imports alone", (sys.executable, "-c", _IMPORTS), _nothing)
SMALL_CLOSE = Way("`aegis-batch close`", (str(PROGRAM), "close", *_JSON), figures_of_close)
# The window of the day in America/Sao_Paulo.
SMALL_BARE = Way(
    "bare psycopg and httpx script",
    (
        *(sys.executable, "-m", "bench.bare_script"),
        *(DAY, "2026-11-21T03:00:00Z", "2026-11-22T03:00:00Z"),
    ),
    _nothing,
)


def large_ways(psql: Path, *, without: Sequence[str]) -> list[Way]:
    """Return the ways that large days are added up, the first being what others are held to."""
    ways = {
        "plain": _psql_way(psql, "plain", "`psql`, plain: figures, no check"),
        "checked": _psql_way(psql, "checked", "`psql`, checked: figures and all checks"),
        "close": CLOSE,
        "polars": _script_way("polars_script", "Polars with ConnectorX, no check"),
        "cursor": _script_way("cursor_script", "psycopg cursor, summed in Python, no check"),
    }
    return [way for key, way in ways.items() if key not in without]


def _psql_way(psql: Path, stem: str, name: str) -> Way:
    command = (str(psql), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align")
    file = _HERE / "sql" / f"{stem}.sql"
    stops = ("--set", "ON_ERROR_STOP=1")
    return Way(name, (*command, *stops, "--file", str(file)), figures_of_psql)


def _script_way(stem: str, name: str) -> Way:
    return Way(name, (sys.executable, "-m", f"bench.{stem}"), figures_of_json)
