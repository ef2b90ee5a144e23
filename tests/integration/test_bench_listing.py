"""The bench of lists measures every list on both databases, and finds those without an index."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import bench
from bench.listing import Statement, Told, hold
from bench.rounds import WrongFiguresError

BENCH_SECONDS = 300


def test_a_tiny_bench_of_lists_tells_what_each_took_and_by_which_index(tmp_path: Path) -> None:
    results = tmp_path / "listing.md"

    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.listing", "--jobs", "200", "--rows", "2000"),
            *("--rounds", "1", "--results", str(results)),
        ],
        capture_output=True,
        text=True,
        cwd=Path(bench.__file__).parents[1],
        timeout=BENCH_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    text = results.read_text(encoding="utf-8")
    assert done.stdout == text
    lists = re.findall(r"^\| (SQLite|PostgreSQL) \| ([^|]+) \| (\d*) ", text, re.MULTILINE)
    told = {(database, name): rows for database, name, rows in lists}
    assert {name for database, name in told if database == "SQLite"} == {
        name for database, name in told if database == "PostgreSQL"
    }
    for database in ("SQLite", "PostgreSQL"):
        assert told[database, "jobs"] == told[database, "executions"] == "100"
        assert told[database, "executions of a busy job"] == "100"
        assert told[database, "executions, RUNNING"] == "5"
        assert told[database, "jobs of a name"] == "1"
        assert f"### {database}: executions of a tenant, FAILED" in text
    assert "USING INDEX runs_by_time" in text
    assert "using runs_by_time on runs" in text


@pytest.mark.parametrize(
    ("database", "text", "plan"),
    [
        ("SQLite", "SELECT id FROM runs", "SCAN runs"),
        ("PostgreSQL", "SELECT id FROM runs", "  ->  Parallel Seq Scan on runs  (cost=0..9)"),
    ],
)
def test_a_list_that_reads_all_runs_is_no_figure(database: str, text: str, plan: str) -> None:
    told = Told(database, "executions", 1, [1.0], 1.0, [Statement(text, (), [plan])])

    with pytest.raises(WrongFiguresError, match=rf"executions on {database} reads all of"):
        hold([told])


@pytest.mark.parametrize(
    ("database", "text", "plan"),
    [
        ("SQLite", "SELECT id FROM runs", "SCAN runs USING INDEX runs_by_time"),
        ("SQLite", "SELECT name FROM scheduler_pauses", "SCAN scheduler_pauses"),
        ("PostgreSQL", "SELECT count(*) AS n", "  ->  Seq Scan on job_definitions  (cost=0..9)"),
    ],
)
def test_a_list_that_an_index_answers_or_that_only_counts_is_one(
    database: str, text: str, plan: str
) -> None:
    hold([Told(database, "jobs", 1, [1.0], 1.0, [Statement(text, (), [plan])])])
