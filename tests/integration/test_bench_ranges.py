"""The bench of ranges measures every way, and takes no wrong run for a figure."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

import bench
from bench.backend import BackendProcess, running_backend
from bench.figures import Figures
from bench.ranges import Round, as_markdown, hold_reports, hold_verdicts, parsed
from bench.rounds import WrongFiguresError
from bench.shop import WEEK, day_figures

BENCH_SECONDS = 300
DAY = date(2025, 1, 1)
FIGURES = Figures(2, Decimal("6.50"), (("Tea", 2),))


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[BackendProcess]:
    with running_backend(os.environ, tmp_path) as process:
        yield process


def submit(backend: BackendProcess) -> int:
    environ = backend.environ
    answer = httpx.post(
        f"{environ['BACKEND_BASE_URL']}/internal/reports/daily",
        headers={"X-SERVICE-TOKEN": environ["X_SERVICE_TOKEN"]},
        json={
            "reportDate": str(DAY),
            "totalOrders": 2,
            "totalRevenue": 6.5,
            "topItems": [{"name": "Tea", "qty": 2}],
        },
        trust_env=False,
    )
    return answer.status_code


def test_a_tiny_range_is_backfilled_and_verified_beside_a_loop_over_a_part_of_it(
    tmp_path: Path,
) -> None:
    results = tmp_path / "ranges.md"

    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.ranges", "--days", "5", "--loop-days", "2"),
            *("--orders", "4", "--rounds", "1", "--results", str(results)),
        ],
        capture_output=True,
        text=True,
        timeout=BENCH_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == results.read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert [(row[0].strip("| "), row[1]) for row in rows] == [
        ("shell loop of `close --date D`", "2"),
        ("`backfill --from A --to B`, the plan", "5"),
        ("`backfill --yes PLAN`", "5"),
        ("the backfill, both of these", "5"),
        ("`verify --from A --to B`", "5"),
    ]


def test_reports_that_came_once_with_the_right_figures_are_held_good(
    backend: BackendProcess,
) -> None:
    assert submit(backend) == 201

    hold_reports("a way", backend, {DAY: FIGURES})


@pytest.mark.parametrize("expected", [FIGURES, day_figures(3)])
def test_a_day_that_has_no_report_or_another_one_stops_the_bench(
    backend: BackendProcess, expected: Figures
) -> None:
    if expected != FIGURES:
        submit(backend)

    with pytest.raises(WrongFiguresError, match=f"a way .* other reports of .*{DAY}"):
        hold_reports("a way", backend, {DAY: expected})


def test_a_report_that_was_handed_over_twice_stops_the_bench(backend: BackendProcess) -> None:
    assert [submit(backend), submit(backend)] == [201, 200]

    with pytest.raises(WrongFiguresError, match=r"answered .*'201', '200'"):
        hold_reports("a way", backend, {DAY: FIGURES})


def test_a_backend_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "backend.sqlite").mkdir()

    with pytest.raises(RuntimeError, match="directory"), running_backend(os.environ, tmp_path):
        pytest.fail("it can't have started")


@pytest.mark.parametrize(
    ("verdicts", "not_looked_at"),
    [({"equal": 4, "changed": 1}, 0), ({"equal": 4, "changed": 0}, 1), ({"equal": 5}, 1)],
)
def test_a_day_that_is_not_found_equal_stops_the_bench(
    verdicts: dict[str, int], not_looked_at: int
) -> None:
    hold_verdicts({"verdicts": {"equal": 5, "changed": 0}, "notLookedAt": 0}, 5)

    with pytest.raises(WrongFiguresError, match="of 5 days"):
        hold_verdicts({"verdicts": verdicts, "notLookedAt": not_looked_at}, 5)


def test_days_a_second_and_ratios_are_those_of_each_round() -> None:
    rounds = [
        Round(12, 2, loop_seconds=4, plan_seconds=1, backfill_seconds=5, verify_seconds=2),
        Round(12, 2, loop_seconds=2, plan_seconds=1, backfill_seconds=2, verify_seconds=1),
        Round(12, 2, loop_seconds=1, plan_seconds=2, backfill_seconds=4, verify_seconds=3),
    ]

    table = as_markdown(rounds, 69, (0.25, 2.04))

    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[-5:]]
    assert rows[1][1:] == ["12", "1.0 (1.0 to 2.0)", "12.00 (6.00 to 12.00)", "-", "-"]
    assert [rows[0][1:], rows[3][1:], rows[4][1:]] == [
        [
            *("2", "2.0 (1.0 to 4.0)", "1.00 (0.50 to 2.00)"),
            *("1.00 (1.00 to 1.00)", "0.25 (0.25 to 1.00)"),
        ],
        [
            *("12", "6.0 (3.0 to 6.0)", "2.00 (2.00 to 4.00)"),
            *("4.00 (1.00 to 4.00)", "1.00 (1.00 to 1.00)"),
        ],
        [
            *("12", "2.0 (1.0 to 3.0)", "6.00 (4.00 to 12.00)"),
            *("12.00 (2.00 to 12.00)", "3.00 (2.00 to 3.00)"),
        ],
    ]
    assert "0.2 before the first round and 2.0 after the last" in table


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        ([], "ranges.md"),
        (["--days", "365", "--loop-days", "30", "--orders", "69", "--rounds", "3"], "ranges.md"),
        (["--days", "364"], None),
        (["--loop-days", "29"], None),
        (["--orders", "68"], None),
        (["--rounds", "1"], None),
        (["--rounds", "1", "--results", "elsewhere.md"], "elsewhere.md"),
    ],
)
def test_only_the_whole_bench_of_ranges_replaces_its_kept_results(
    arguments: list[str], file: str | None
) -> None:
    results = parsed(arguments).results

    assert (results and results.name) == file


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--days", "3", "--loop-days", "4"]])
def test_numbers_that_measure_nothing_are_refused(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(wrong)

    assert ended.value.code == 2
    assert "--loop-days is --days at most" in capsys.readouterr().err


def test_make_bench_runs_the_whole_bench_of_ranges() -> None:
    makefile = (Path(bench.__file__).parent.parent / "Makefile").read_text(encoding="utf-8")

    (target,) = re.findall(r"^bench:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)

    assert "$(BIN)/python -m bench.ranges\n" in target


def test_the_shops_own_day_is_in_the_middle_of_its_week() -> None:
    assert [day_figures(5, at) == day_figures(5) for at in range(WEEK.count)].index(True) == 3
    assert str(WEEK.days[3]) == "2026-11-21"
