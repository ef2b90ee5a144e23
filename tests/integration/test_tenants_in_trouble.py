"""A night of two hundred tenants, sixteen of them in trouble; and what one knows of another."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.integration.market_place import Answers, Market, settings_of, word_of
from tests.integration.serving_place import Place, wait_for, yesterday
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

TENANTS = [f"shop-{number:03}" for number in range(200)]
REFUSED = TENANTS[10:17]
FAILING = TENANTS[60:65]
BROKEN = TENANTS[120:123]
ENDLESS = TENANTS[150]
WELL = [tenant for tenant in TENANTS if tenant not in {*REFUSED, *FAILING, *BROKEN, ENDLESS}]
# One byte at a time, for much longer than an attempt may take.
DRIBBLE = {
    "status": 200,
    "body": "x" * 60,
    "chunkedDribbleDelay": {"numberOfChunks": 60, "totalDuration": 60_000},
}


@pytest.fixture
def answers(wiremock: WireMockServer) -> Answers:
    return Answers(wiremock.url)


@pytest.fixture
def market(database: Database) -> Market:
    return Market(database, TENANTS)


@pytest.fixture
def place(database: Database, wiremock: WireMockServer, tmp_path: Path) -> Place:
    settings = settings_of(
        database,
        wiremock.url,
        AEGIS_SHARD_TENANTS="50",
        AEGIS_HTTP_TIMEOUT_SECONDS="1",
        AEGIS_HTTP_MAX_ATTEMPTS="2",
        AEGIS_HTTP_BACKOFF_SECONDS="0.05",
        AEGIS_RETRY_SECONDS="3600",
        AEGIS_BREAKER_FAILURES="0",
    )
    return Place(tmp_path, settings)


def states(place: Place) -> dict[str, tuple[str, str | None]]:
    """Return how each tenant's close stands, as the ledger has it."""
    with sqlite3.connect(place.state) as state:
        rows = state.execute("SELECT tenant, state, outcome FROM runs WHERE job = 'close'")
        return {tenant: (found, outcome) for tenant, found, outcome in rows}


def test_the_sound_are_closed_on_time_and_each_of_the_others_is_where_it_belongs(
    database: Database, market: Market, answers: Answers, place: Place
) -> None:
    for tenant in REFUSED:
        answers.let(tenant, "POST", {"status": 422})
    for tenant in FAILING:
        answers.let(tenant, "POST", {"status": 503})
    answers.let(ENDLESS, "GET", DRIBBLE)
    market.break_orders_of(database, BROKEN)

    with place.serving() as serving:
        serving.wait_for("serve.started")
        assert place.run("schedules", "trigger", "daily-close").status == 0

        def is_over() -> bool:
            found = states(place)
            return len(found) == len(TENANTS) and not {"queued", "running"} & {
                state for state, _ in found.values()
            }

        wait_for(is_over, "every tenant to be closed, or where it belongs")
        told = serving.wait_for("tenants.counted")[0]
        assert serving.stop() == 143

    assert states(place) == {
        **dict.fromkeys(WELL, ("succeeded", "created")),
        **dict.fromkeys(REFUSED, ("failed", "refused")),
        **dict.fromkeys(FAILING, ("waiting", "unavailable")),
        **dict.fromkeys(BROKEN, ("failed", "rejected")),
        ENDLESS: ("waiting", "unavailable"),
    }
    assert len(WELL) == 184
    assert (told["expected"], told["closed"], told["missing"]) == (200, 184, 16)
    handed_over = answers.submissions()
    for tenant in WELL:
        [(status, body)] = handed_over[tenant]
        assert status == 201
        assert json.loads(body) == {
            "reportDate": str(yesterday()),
            "totalOrders": 3,
            "totalRevenue": 12.00,
            "topItems": [{"name": f"{word_of(tenant)} tea", "qty": 6}],
        }
    assert not {*BROKEN, ENDLESS} & set(handed_over)
    assert {len(handed_over[tenant]) for tenant in REFUSED} == {1}
    assert {len(handed_over[tenant]) for tenant in FAILING} == {2}
    letters = place.run("dead-letters", "list", "--limit", "99", "--output", "json").told
    why = {letter["tenant"]: letter["error"]["code"] for letter in letters["deadLetters"]}
    assert why == {
        **dict.fromkeys(REFUSED, "backend_refused"),
        **dict.fromkeys(BROKEN, "orders_rejected"),
    }


def test_neighbours_are_handed_over_while_two_tenants_are_still_waited_for(
    database: Database, answers: Answers, place: Place
) -> None:
    few = TENANTS[:37]
    Market(database, few)
    late, well = [few[3], few[20]], [tenant for tenant in few if tenant not in {few[3], few[20]}]
    for tenant in late:
        answers.let(tenant, "GET", {"status": 503, "headers": {"Retry-After": "50"}})

    with place.serving(command=("close", "--all")):
        wait_for(lambda: len(answers.submissions()) >= len(well), "the neighbours' reports")

        # Nobody has come to the end of its wait, nor been given up.
        assert {tenant: answers.counts("GET")[tenant] for tenant in late} == dict.fromkeys(late, 1)
        assert set(answers.submissions()) == set(well)


def test_the_secret_word_of_a_tenant_is_in_its_own_reports_and_seals_and_nowhere_else(
    database: Database, market: Market, answers: Answers, place: Place
) -> None:
    market.break_orders_of(database, BROKEN)
    for tenant in REFUSED:
        answers.let(tenant, "POST", {"status": 422, "body": "no"})
    with place.serving(AEGIS_LOG_LEVEL="DEBUG") as serving:
        serving.wait_for("serve.started")
        assert place.run("schedules", "trigger", "daily-close").status == 0
        serving.wait_for("tenants.counted")
        assert serving.stop() == 143
        logged = serving.text

    for tenant, handed_over in answers.submissions().items():
        for _, body in handed_over:
            assert word_of(tenant) in body
            assert body.count("canary") == 1
    assert "canary" not in logged
    for tenant in (WELL[0], REFUSED[0], BROKEN[0]):
        for command in (
            ("runs", "--tenant", tenant, "--output", "json"),
            ("dead-letters", "list", "--output", "json"),
        ):
            assert "canary" not in place.run(*command).out
    with sqlite3.connect(place.state) as state:
        tables = [
            row[0] for row in state.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for table in tables:
            for row in state.execute(f"SELECT * FROM {table}"):
                text = repr(row)
                if table == "seals":
                    tenant = row[0]
                    assert text.count("canary") == text.count(word_of(tenant)) > 0
                else:
                    assert "canary" not in text, table
