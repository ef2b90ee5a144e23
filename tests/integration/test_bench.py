"""``make bench`` measures what it says, and holds every way to the same figures."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import bench
from bench import forgetting
from bench.__main__ import parsed
from bench.figures import Figures, figures_of_close, figures_of_json, figures_of_psql
from bench.measure import ProcessFailedError, measure
from bench.rounds import Score, WrongFiguresError, large_day
from bench.shop import day_figures
from bench.table import Section, as_markdown
from bench.ways import Way

BENCH_SECONDS = 300
FIGURES = Figures(2, Decimal("6.50"), (("Soup", 3), ("Tea", 2)))


def test_a_tiny_bench_holds_all_ways_to_the_made_up_days_figures(tmp_path: Path) -> None:
    results = tmp_path / "results.md"

    # Polars is installed by make bench alone.
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench", "30", "--rounds", "1"),
            *("--without", "polars", "--results", str(results)),
        ],
        capture_output=True,
        text=True,
        timeout=BENCH_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == results.read_text(encoding="utf-8")
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[0] for row in rows] == [
        *["| 69 orders, handed over"] * 2,
        *["| 30 orders, ids that grow with time"] * 4,
        *["| 30 orders, random ids (UUID)"] * 4,
    ]


_WHOLE = ["10000", "100000", "1000000"]


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        ([], "results.md"),
        ([*_WHOLE, "--rounds", "5"], "results.md"),
        ([*_WHOLE, "--rounds", "1"], None),
        (["30"], None),
        ([*_WHOLE, "--without", "polars"], None),
        ([*_WHOLE, "--ids", "random"], None),
        (["30", "--results", "elsewhere.md"], "elsewhere.md"),
    ],
)
def test_only_the_whole_bench_replaces_the_kept_results(
    arguments: list[str], file: str | None
) -> None:
    results = parsed(arguments).results

    assert (results and results.name) == file


def test_make_runs_the_whole_bench_unless_told_otherwise() -> None:
    makefile = (Path(bench.__file__).parent.parent / "Makefile").read_text(encoding="utf-8")
    told = dict(re.findall(r"^(SIZES|ROUNDS) *\?= *(.*)$", makefile, re.MULTILINE))

    options = parsed([*told["SIZES"].split(), "--rounds", told["ROUNDS"]])

    assert options.results == Path(bench.__file__).parent / "results.md"


def test_the_day_of_the_shop_has_the_orders_and_lines_that_were_asked_for() -> None:
    figures = day_figures(1000)

    assert figures.orders == 1000
    assert len(figures.top_items) == 10
    assert list(figures.top_items) == sorted(figures.top_items, key=lambda i: (-i[1], i[0]))


def test_every_way_to_print_figures_is_read_alike() -> None:
    items = '[{"name": "Soup", "qty": 3}, {"name": "Tea", "qty": 2}]'
    report = f'{{"totalOrders": 2, "totalRevenue": 6.50, "topItems": {items}}}'
    close = f'{{"outcome": "dry_run", "violations": [], "report": {report}}}'

    assert figures_of_close(close) == FIGURES
    assert figures_of_json(FIGURES.as_json()) == FIGURES
    assert figures_of_psql("2|6.50\nSoup|3\nTea|2\n") == FIGURES


def test_broken_orders_are_not_taken_for_items() -> None:
    with pytest.raises(ValueError, match="empty_order"):
        figures_of_psql("2|6.50\nSoup|3\nbroken|empty_order|1|{7}\n")


def test_a_way_with_other_figures_stops_the_bench() -> None:
    way = Way("wrong", (sys.executable, "-c", f"print('{FIGURES.as_json()}')"), figures_of_json)

    assert large_day([way], os.environ, FIGURES, 1)[0].ratio == 1
    with pytest.raises(WrongFiguresError, match="wrong"):
        large_day([way], os.environ, day_figures(3), 1)


def test_the_peak_is_of_the_process_itself() -> None:
    small = measure([sys.executable, "-c", "pass"], os.environ).peak_mb
    large = measure([sys.executable, "-c", "b'x' * 200_000_000"], os.environ).peak_mb

    assert small < 100
    assert large - small > 150


def test_a_process_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(ProcessFailedError, match="last words"):
        measure([sys.executable, "-c", "raise SystemExit('last words')"], os.environ)


def test_the_table_tells_memory_above_the_imports_for_the_close_alone() -> None:
    scores = [Score("`psql`", 1.0, 1.0, 8.0), Score("`aegis-batch close`", 0.75, 0.75, 71.0)]

    table = as_markdown([Section("a day", scores, imports_mb=66.0)], rounds=5)

    assert "| a day | `psql` | 1.00 | 1.00 | 8 |" in table
    assert "| a day | `aegis-batch close` | 0.75 | 0.75 | 71 (5 above its imports) |" in table


def test_a_tiny_bench_of_retention_deletes_half_of_the_history(tmp_path: Path) -> None:
    results = tmp_path / "forgetting.md"

    forgetting.main(["--rows", "2000", "--results", str(results)])

    text = results.read_text(encoding="utf-8")
    assert "| occurrences | 400 | 200 |" in text
    # Of the 300 old runs three have a dead letter; eleven closes came before, and some beside it.
    ((runs, left),) = re.findall(r"^\| runs \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    assert int(runs) == 600 + 11
    assert int(left) > 300 + 3 + 11
    assert "; 3 runs have a dead letter." in text
    assert "10 closes before took" in text


def _row(age_days: int, key: object) -> tuple[object, str]:
    return key, f"{datetime.now(UTC) - timedelta(days=age_days):%Y-%m-%dT%H:%M:%S.%fZ}"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ((True, True, False), "1 old ones are left"),
        ((False, False, False), "1 rows went that are not old"),
    ],
)
def test_a_bench_in_which_other_rows_went_than_the_old_ones_is_stopped(
    tmp_path: Path, left: tuple[bool, ...], said: str
) -> None:
    file = tmp_path / "state.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE dead_letters (run_id)")
        connection.execute("CREATE TABLE timeline (run_id)")
    rows = (_row(10, "young"), _row(100, "old"), _row(101, "older"))
    after = frozenset(row for row, stays in zip(rows, left, strict=True) if stays)

    with pytest.raises(WrongFiguresError, match=said):
        forgetting.hold(
            {"runs": frozenset(rows)},
            {"runs": after},
            datetime.now(UTC) - timedelta(days=90),
            file,
        )
