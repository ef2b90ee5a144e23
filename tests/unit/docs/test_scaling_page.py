"""docs/scaling.md: its settings are valid, its figures were measured, and its sums are right."""

import math
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal

import pytest

from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.settings import Settings, variable_of
from tests.unit.deploy.kubernetes import read_manifests, read_settings, replicas_of
from tests.unit.docs.pages import PROJECT, read_page

PAGE = read_page("docs/scaling.md")
# Wherever its lines end.
TEXT = " ".join(PAGE.split())
SIZES = (1, 100, 10_000, 1_000_000)
NIGHT_SECONDS = 4 * 3_600
ENDS_A_TURN = 250
CONNECTIONS_A_PROCESS = 30
VARIABLES = {variable_of(field) for field in Settings.model_fields}
# What a deployment of several tenants names beside what the page says.
SEVERAL = {"AEGIS_ORDERS_TENANT": "tenant_id", "AEGIS_TENANTS_TABLE": "tenants"}


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows_of(text: str) -> dict[str, list[str]]:
    """Return the rows of a table by what stands first in them, without the two of its head."""
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    cells = ([cell.strip() for cell in row.strip("|").split("|")] for row in rows)
    return {first.strip("`"): rest for first, *rest in cells}


TO_SET = rows_of(section("What to set"))
MEASURED = {name: cells[0] for name, cells in rows_of(section("What was measured")).items()}
COMPUTED = rows_of(section("What is computed from it"))


def settings_of(at: int) -> Settings:
    """Return the settings that the page gives for a size; raises where they don't go together."""
    variables = {
        name: cells[at].strip("`")
        for name, cells in TO_SET.items()
        if name.startswith("AEGIS_") and cells[at] != "-"
    }
    several = SEVERAL if variables["AEGIS_TENANCY"] == "multi" else {}
    return load_settings(variables | several)


def processes_of(at: int) -> tuple[int, int]:
    """Return how many processes there are, and how many of them carry work out."""
    numbers = {"one": 1, "two": 2, "three": 3, "six": 6}
    told = re.findall(r"(\w+) `(\w+)`", TO_SET["processes"][at])
    processes = {role: numbers[number] for number, role in told}
    return sum(processes.values()), processes.get("worker", 0) + processes.get("serve", 0)


def measured(name: str) -> Decimal:
    return Decimal(MEASURED[name].replace(",", ""))


def shards_of(at: int) -> int:
    settings = settings_of(at)
    return math.ceil(SIZES[at] / (settings.shard_tenants if settings.has_several_tenants else 1))


def under_way(at: int) -> int:
    settings = settings_of(at)
    shards = processes_of(at)[1] * settings.worker_concurrency
    shards = min(shards, settings.concurrency_max or shards)
    return shards * (settings.shard_submissions_at_once if settings.has_several_tenants else 1)


def gigabytes(size: Decimal) -> Decimal:
    return size / 10**9


def computed(at: int) -> Iterator[tuple[str, Decimal | int | None]]:
    """Yield each row of what is computed, with its value for a size or ``None``."""
    tenants, settings = SIZES[at], settings_of(at)
    closes, history = Decimal(tenants), measured("bytes of history that a close leaves")
    rows = measured("rows of history that a close leaves")
    yield "requests to the Backend, two a tenant", 2 * tenants
    yield "requests a second, for all to be closed in time", 2 * closes / NIGHT_SECONDS
    yield "shards", shards_of(at)
    limit, turns = settings.rate_limit, 2 * shards_of(at) + math.ceil(tenants / ENDS_A_TURN)
    stretched = None if limit is None else Decimal(tenants * limit.interval.total_seconds()) / 3_600
    yield "hours that `AEGIS_RATE_LIMIT` makes of it at least", stretched
    permits = 0 if limit is None else math.ceil(tenants / limit.batch_permits)
    yield "turns of the state", turns + permits
    yield "requests under way at most", under_way(at)
    verified = closes * settings.verify_days / measured("closed days verified a second")
    yield "minutes in which the sweep verifies", verified / 60
    yield "history in the state, GB", gigabytes(closes * history * settings.retention_days)
    seal = measured("bytes of a seal, which stays for good")
    yield "seals that each year adds, GB", gigabytes(closes * seal * 365)
    forgotten = closes * rows / measured("rows of history deleted a second")
    yield "minutes in which a night's worth of history is deleted", forgotten / 60
    on_server = TO_SET["the state"][at].startswith("PostgreSQL")
    connections = processes_of(at)[0] * CONNECTIONS_A_PROCESS
    yield "connections to the state at most", connections if on_server else None


@pytest.mark.parametrize("at", range(len(SIZES)))
def test_what_is_to_be_set_is_valid(at: int) -> None:
    settings = settings_of(at)
    assert settings.has_several_tenants == (SIZES[at] > 1)
    # As each worker may do, so may all of them; the limit never holds work back that could go on.
    if settings.concurrency_max:
        assert settings.concurrency_max == processes_of(at)[1] * settings.worker_concurrency
        assert shards_of(at) >= 3 * settings.concurrency_max
    in_one_process = under_way(at) / processes_of(at)[1]
    assert settings.breaker_failures > in_one_process


def test_every_setting_that_the_page_names_is_one() -> None:
    assert set(re.findall(r"AEGIS_[A-Z_]+", PAGE)) <= VARIABLES


def test_a_rate_leaves_enough_of_the_night() -> None:
    rates = [settings_of(at).rate_limit for at in range(len(SIZES))]
    for tenants, rate in zip(SIZES, rates, strict=True):
        if rate is not None:
            assert tenants * rate.interval.total_seconds() < NIGHT_SECONDS


@pytest.mark.parametrize("at", range(len(SIZES)))
def test_what_is_computed_is_right(at: int) -> None:
    told = {name: cells[at] for name, cells in COMPUTED.items()}
    right = dict(computed(at))
    assert told.keys() == right.keys()
    for name, value in right.items():
        form = "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        assert (name, told[name]) == (name, form)


def test_what_the_text_computes_is_right() -> None:
    verified = measured("closed days verified a second")
    assert f"{7 * 10_000 / verified / 60:.0f} minutes" in TEXT
    assert f"one day of 1,000,000 would be {1_000_000 / verified / 3_600:.1f} hours" in TEXT
    last = {name: cells[-1] for name, cells in COMPUTED.items()}
    pace = Decimal(last["requests a second, for all to be closed in time"])
    assert f"at {pace} a second, a Backend that answers in 0.1 s has {pace / 10:.0f}" in TEXT
    assert f"answers in 1 s has {pace:.0f}" in TEXT
    assert f"the Backend, with {pace} requests a second" in TEXT
    history = Decimal(last["history in the state, GB"])
    seals = last["seals that each year adds, GB"]
    assert f"{history:.0f} GB of history, and seals of {seals} GB a year" in TEXT
    rows = ENDS_A_TURN * measured("rows of history that a close leaves")
    assert f"in which {ENDS_A_TURN} end writes {rows:,} rows" in TEXT
    assert f"{1_000_000 / 500 / 60:.0f} minutes of the night" in TEXT
    seconds = measured("seconds to add up 1,000,000 orders of a day, with every check")
    assert f"are 100 million: {100 * seconds:.0f} s in all" in TEXT


def rounded(told: str, kept: str | Decimal) -> bool:
    decimals = len(told.partition(".")[2])
    return abs(Decimal(told.replace(",", "")) - Decimal(kept)) <= Decimal(1).scaleb(-decimals) / 2


def test_what_is_quoted_was_measured() -> None:
    resting = re.findall(
        r"^\| at rest.*?\|.*?\|.*?\| (\d+) \|", read_page("bench/resting.md"), re.MULTILINE
    )
    assert [MEASURED["memory at rest, MB"]] == resting
    day = re.findall(
        r"^\| 1,000,000 orders, ids that grow with time \| `aegis-batch close.*?\| ([\d.]+)",
        read_page("bench/results.md"),
        re.MULTILINE,
    )
    name = "seconds to add up 1,000,000 orders of a day, with every check"
    assert rounded(MEASURED[name], *day)
    verify = re.findall(
        r"^\| `verify --from.*?\|.*?\|.*?\| ([\d.]+) ", read_page("bench/ranges.md"), re.MULTILINE
    )
    assert rounded(MEASURED["closed days verified a second"], *verify)
    ((rows, seconds),) = re.findall(
        r"([\d,]+) rows deleted in ([\d.]+) s", read_page("bench/forgetting.md")
    )
    pace = Decimal(rows.replace(",", "")) / Decimal(seconds)
    assert measured("rows of history deleted a second") == round(pace, -2)


def night_of(way: str, town: str, column: str) -> str:
    """Return what the bench of many tenants measured."""
    table = read_page("bench/tenants.md").partition(f"\n| {town} |")
    head = ["way", *(cell.strip() for cell in table[2].partition("\n")[0].split("|"))]
    row = next(line for line in table[2].splitlines() if line.startswith(f"| {way} |"))
    return [cell.strip() for cell in row.strip("|").split("|")][head.index(column)]


@pytest.mark.parametrize(
    ("name", "way", "town", "column"),
    [
        (
            "closes a second, `serve`, 1,000 tenants of 1,000 orders",
            "`serve`, one process",
            "1,000 tenants of 1,000 orders",
            "closes a second",
        ),
        (
            "closes a second, `serve`, 10,000 tenants of 100 orders",
            "`serve`, one process",
            "10,000 tenants of 100 orders",
            "closes a second",
        ),
        (
            "closes a second, `scheduler` and two `worker`, 10,000 tenants of 100 orders",
            "`scheduler` and two `worker`",
            "10,000 tenants of 100 orders",
            "closes a second",
        ),
        (
            "memory, `serve`, 10,000 tenants of 100 orders, MB",
            "`serve`, one process",
            "10,000 tenants of 100 orders",
            "memory, MB",
        ),
    ],
)
def test_a_night_of_many_tenants_is_quoted_as_it_was_measured(
    name: str, way: str, town: str, column: str
) -> None:
    assert MEASURED[name] == night_of(way, town, column)


def test_what_is_ready_to_run_has_the_settings_of_ten_thousand() -> None:
    kubernetes = read_settings()
    many = tomllib.loads((PROJECT / "deploy/fly/fly.many.toml").read_text(encoding="utf-8"))["env"]
    told = settings_of(SIZES.index(10_000))
    for ready in (kubernetes, many):
        settings = load_settings({**ready, "AEGIS_STATE_URL": "postgresql://state.example.com/s"})
        for name in (name for name in TO_SET if name.startswith("AEGIS_")):
            field = name.removeprefix("AEGIS_").lower()
            assert (name, getattr(settings, field)) == (name, getattr(told, field))
    replicas = {
        each["metadata"]["name"]: replicas_of(each)
        for each in read_manifests()
        if each["kind"] == "Deployment"
    }
    assert replicas == {"aegis-batch-scheduler": 2, "aegis-batch-worker": 3}
    assert processes_of(SIZES.index(10_000)) == (5, 3)
