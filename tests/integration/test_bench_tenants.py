"""The bench of tenants lets every way close every tenant, and takes no wrong night for a figure."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from bench.figures import Figures
from bench.rounds import WrongFiguresError
from bench.tenants.__main__ import parsed
from bench.tenants.night import Night
from bench.tenants.reading import Reading
from bench.tenants.stand_in import (
    Answered,
    StandIn,
    hold,
    requests_a_second,
    running_stand_in,
)
from bench.tenants.table import Case, Limit, Trial, as_markdown
from bench.tenants.town import Town, latest_day
from bench.tenants.ways import OURS, QUEUES

BENCH_SECONDS = 300
FIGURES = Figures(2, Decimal("6.50"), (("Tea", 2),))
REPORT = {
    "reportDate": "2026-11-21",
    "totalOrders": 2,
    "totalRevenue": 6.5,
    "topItems": [{"name": "Tea", "qty": 2}],
}


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    # nginx is a package of the system, which no test but those of the system may need.
    with running_stand_in(tmp_path, own=True) as process:
        yield process


def post(tenant: str, body: str = json.dumps(REPORT)) -> Answered:
    return Answered(1.0, "POST", tenant, body)


def test_a_tiny_night_is_closed_by_shards_and_by_a_workflow_a_tenant(tmp_path: Path) -> None:
    results = tmp_path / "tenants.md"

    # Celery, Procrastinate and Redis are installed for make bench alone.
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.tenants", "12x4", "--at-once", "2", "--own-stand-in"),
            *("--without", "celery", "--without", "procrastinate", "--results", str(results)),
        ],
        capture_output=True,
        text=True,
        timeout=BENCH_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == results.read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    names = [way.name for way in OURS.values()]
    assert [row[0].strip("| ") for row in rows] == [*names, QUEUES["dbos"][1]]
    asked = [line for line in done.stdout.splitlines() if "12 GET and 12 POST" in line]
    assert len(asked) == len(OURS)
    assert "- 12 tenants of 4 orders: the orders alone" in done.stdout


def test_each_tenant_has_figures_of_its_own_that_add_up_to_those_of_all() -> None:
    figures = Town(3, 4).figures()

    assert list(figures) == ["shop-000000", "shop-000001", "shop-000002"]
    assert len(set(figures.values())) == 3
    (whole,) = Town(1, 12).figures().values()
    assert sum(each.revenue for each in figures.values()) == whole.revenue


@pytest.mark.parametrize(
    ("hour", "date", "zone_name", "start"),
    [
        (0, "2026-11-29", "Etc/GMT-12", "2026-11-28T12:00:00+00:00"),
        (12, "2026-11-29", "Etc/GMT+0", "2026-11-29T00:00:00+00:00"),
        (23, "2026-11-29", "Etc/GMT+11", "2026-11-29T11:00:00+00:00"),
    ],
)
def test_the_day_is_the_last_one_where_it_is_noon(
    hour: int, date: str, zone_name: str, start: str
) -> None:
    day = latest_day(datetime(2026, 11, 30, hour, 59, tzinfo=UTC))

    assert (str(day.date), day.zone_name, day.start.isoformat()) == (date, zone_name, start)


def test_tenants_that_came_once_with_their_figures_are_held_good() -> None:
    get = Answered(0.5, "GET", "a", "")

    hold("a way", [get, post("b"), post("a")], {"a": FIGURES, "b": FIGURES})


@pytest.mark.parametrize(
    ("posts", "said"),
    [
        ([post("a")], r"missing \['b'\]"),
        ([post("a"), post("b"), post("b")], "1 doubled"),
        ([post("a"), post("b"), post("c")], r"of nobody \['c'\]"),
        ([post("a"), post("b", json.dumps(REPORT | {"totalOrders": 3}))], "found .* of b"),
    ],
)
def test_a_night_with_a_tenant_missing_doubled_strange_or_wrong_stops_the_bench(
    posts: Sequence[Answered], said: str
) -> None:
    with pytest.raises(WrongFiguresError, match=said):
        hold("a way", posts, {"a": FIGURES, "b": FIGURES})


def test_the_stand_in_has_nothing_takes_all_and_notes_what_it_was_sent(stand_in: StandIn) -> None:
    url = stand_in.environ["BACKEND_BASE_URL"]
    with httpx.Client(trust_env=False, headers={"X-TENANT-ID": "a"}) as client:
        found = client.get(f"{url}/reports/2026-11-21")
        taken = [client.post(f"{url}/internal/reports/daily", json=REPORT) for _ in range(2)]

    assert [found.status_code, *(each.status_code for each in taken)] == [404, 201, 201]
    assert stand_in.submissions() == 2
    answered = stand_in.answered()
    assert [(each.method, each.tenant) for each in answered] == [
        ("GET", "a"),
        ("POST", "a"),
        ("POST", "a"),
    ]
    assert json.loads(answered[1].body) == REPORT


def test_how_much_the_stand_in_takes_is_measured_by_handing_over(stand_in: StandIn) -> None:
    assert requests_a_second(stand_in, json.dumps(REPORT), 20) > 0
    assert stand_in.submissions() == 20


def night(way: str, tenants: int, seconds: float, peak_mb: float = 60) -> Night:
    return Night(way, "it is kept", tenants, seconds, 1.5, 2.5, peak_mb, 0)


def case(town: Town, rounds: list[list[Night]]) -> Case:
    return Case(town, rounds, Reading(town, one_by_one=5, together=20))


def test_paces_are_compared_with_the_best_of_the_others_and_held_to_the_aims() -> None:
    serve = OURS["serve"].name
    first = [[night(serve, 100, 10), night("slow", 100, 50), night("quick", 100, 40)]]
    second = [[night(serve, 1_000, 100, 61), night("slow", 1_000, 600)]]
    slower = [[dataclasses.replace(each, seconds=2 * each.seconds) for each in first[0]]]

    text = as_markdown(
        [case(Town(100, 9), first + slower + first), case(Town(1_000, 1), second)],
        {"slow": [Trial(1, 1.4), Trial(2, 2.6)]},
        Limit("nginx", 5_000),
        (0.2, 2.0),
    )

    assert f"| {serve} | 10.0 | 10 | 4.0 | 1.5 | 2.5 | 60 |" in text
    assert (
        "- 100 tenants of 9 orders: 4.0 times the best of the others; the aim of 3 times is" in text
    )
    assert "- 1,000 tenants of 1 orders: 6.0 times the best of the others; the aim of 5" in text
    assert "missed" not in text
    assert "are read at 5 tenants a second one by one, and 20 in scans of many: 8.0 times" in text
    assert f"- Memory with 100 and 1,000 tenants: {serve} 60 and 61 MB. It goes" in text
    assert "| slow | 1 | 3 |" in text


def test_an_aim_that_was_missed_is_told() -> None:
    nights = [[night(OURS["serve"].name, 100, 10), night("quick", 100, 20)]]

    text = as_markdown([case(Town(100, 9), nights)], {}, Limit("nginx", 5_000), (0.2, 2.0))

    assert "2.0 times the best of the others; the aim of 3 times is **missed**." in text


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        ([], "tenants.md"),
        (["1000x1000", "10000x100"], "tenants.md"),
        (["1000x1000"], None),
        (["--rounds", "3"], None),
        (["--without", "dbos"], None),
        (["--own-stand-in"], None),
        (["12x4", "--results", "elsewhere.md"], "elsewhere.md"),
    ],
)
def test_only_the_whole_bench_of_tenants_replaces_its_kept_results(
    arguments: list[str], file: str | None
) -> None:
    results = parsed(arguments).results

    assert (results and results.name) == file


def test_a_town_is_told_by_two_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(["many"])

    assert "many is not like 1000x1000" in capsys.readouterr().err
