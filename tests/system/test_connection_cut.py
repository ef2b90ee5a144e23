"""The connection to the server of the state, and of the orders, cut for a minute without a word."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

from tests.integration.market_place import Answers, Market, settings_of
from tests.integration.serving_place import Place
from tests.integration.test_many_processes import Crew, asked, begin_the_night, kept
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

__all__ = ["kept"]

TENANTS = [f"shop-{number:03}" for number in range(150)]
CUT_SECONDS = 60.0
TABLE = "aegis_test_cut"


@contextmanager
def cut(port: int) -> Iterator[None]:
    """Let no packet to or from a port arrive, and nobody be told."""
    rules = [
        f"add table inet {TABLE}",
        f"add chain inet {TABLE} cut {{ type filter hook input priority 0 ; }}",
        f"add rule inet {TABLE} cut tcp dport {port} drop",
        f"add rule inet {TABLE} cut tcp sport {port} drop",
    ]
    nft = which("nft") or "nft"
    subprocess.run([nft, "-f", "-"], input="\n".join(rules), text=True, check=True)
    try:
        yield
    finally:
        subprocess.run([nft, "delete", "table", "inet", TABLE], check=True)


def test_a_cut_of_a_minute_loses_and_doubles_nothing(
    database: Database, kept: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    Market(database, TENANTS)
    answers = Answers(wiremock.url)
    place = Place(
        tmp_path,
        settings_of(
            database,
            wiremock.url,
            AEGIS_STATE_URL=kept.dsn(),
            AEGIS_SHARD_TENANTS="5",
            AEGIS_EXECUTOR_LEASE_SECONDS="10",
            AEGIS_WATCHDOG_SECONDS="400",
        ),
    )
    port = urlsplit(kept.dsn()).port
    assert port is not None
    with ExitStack() as stack:
        scheduler = stack.enter_context(place.serving(command=["scheduler"]))
        scheduler.wait_for("serve.started")
        crew = Crew(place, stack, 2)
        begin_the_night(place)
        crew.wait_until_closed(kept, 10)
        with cut(port):
            threading.Event().wait(CUT_SECONDS)
        crew.wait_until_closed(kept, len(TENANTS))
        for each in [scheduler, *crew.at_work]:
            # One that could not give a sign of life for too long ends itself, and has a successor.
            assert each.stop() in (143, 7)
            assert "Traceback" not in each.text

    handed_over = answers.submissions()
    assert set(handed_over) == set(TENANTS)
    assert {len({body for _, body in each}) for each in handed_over.values()} == {1}
    links = asked(kept, "SELECT tenant, count(*) FROM seals GROUP BY tenant")
    assert sorted(links) == [(tenant, 1) for tenant in TENANTS]
