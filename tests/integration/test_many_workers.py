"""Two thousand tenants, three workers on a server, and one of them killed every few seconds."""

import os
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.market_place import Answers, Market, settings_of
from tests.integration.serving_place import Place, wait_for
from tests.integration.test_many_processes import (
    LATE_SECONDS,
    LEASE_SECONDS,
    Crew,
    asked,
    begin_the_night,
    kept,
    taken_over,
)
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

__all__ = ["kept"]

# All of it belongs to `make soak`.
IS_WHOLE = os.environ.get("AEGIS_TESTS_KILLS") == "all"
TENANTS = [f"shop-{number:04}" for number in range(2_000 if IS_WHOLE else 120)]
KILLS = 20 if IS_WHOLE else 3


@pytest.mark.parametrize("shard", [1, 40])
def test_however_often_workers_are_killed_each_tenant_is_closed_once_in_effect(
    shard: int, database: Database, kept: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    Market(database, TENANTS)
    answers = Answers(wiremock.url)
    place = Place(
        tmp_path,
        settings_of(
            database,
            wiremock.url,
            AEGIS_STATE_URL=kept.dsn(),
            AEGIS_SHARD_TENANTS=str(shard),
            AEGIS_EXECUTOR_LEASE_SECONDS=str(LEASE_SECONDS),
        ),
    )
    with ExitStack() as stack:
        scheduler = stack.enter_context(place.serving(command=["scheduler"]))
        scheduler.wait_for("serve.started")
        crew = Crew(place, stack, 3)
        begin_the_night(place)
        for kill in range(KILLS):
            crew.wait_until_closed(kept, len(TENANTS) * kill // (KILLS + 1) + 1)
            crew.kill(kill % 3)
        crew.wait_until_closed(kept, len(TENANTS))
        wait_for(
            lambda: taken_over(scheduler, *crew.all).keys() >= crew.killed.keys(),
            "all the dead to be taken over",
        )
        told = taken_over(scheduler, *crew.all)
        for each in [scheduler, *crew.at_work]:
            # Where much else is to be done, one may have been too late with a sign of life.
            assert each.stop() in (143, 7)
            assert "Traceback" not in each.text

    handed_over = answers.submissions()
    assert set(handed_over) == set(TENANTS)
    # Handed over again, after a death in between, a report is the same to the byte.
    assert {len({body for _, body in each}) for each in handed_over.values()} == {1}
    rows = asked(kept, "SELECT tenant, state FROM runs WHERE job = 'close'")
    assert Counter(rows) == dict.fromkeys(((tenant, "succeeded") for tenant in TENANTS), 1)
    links = asked(kept, "SELECT tenant, count(*) FROM seals GROUP BY tenant")
    assert sorted(links) == [(tenant, 1) for tenant in TENANTS]
    assert asked(kept, "SELECT count(*) FROM dead_letters") == [(0,)]
    assert asked(kept, "SELECT count(*) FROM leases") == [(0,)]
    for name, died_at in crew.killed.items():
        late = datetime.fromisoformat(told[name]["time"]) - died_at
        assert late < timedelta(seconds=1.1 * LEASE_SECONDS + LATE_SECONDS), name
