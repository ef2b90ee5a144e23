"""Servers for tests: each pytest worker has its own, and each test finds them clean."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.integration.orders_shop import create_role, open_shop
from tests.integration.state_files import StateFiles, make_template
from tests.integration.state_servers import (
    StateServers,
    copied_database,
    make_database_template,
)
from tests.servers.collector import Collector, start_collector
from tests.servers.postgres import Database, PostgresServer, start_postgres
from tests.servers.wiremock import WireMockServer, start_wiremock

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the session; what a test does to it beyond its databases stays."""
    server = start_postgres()
    yield server
    server.remove()


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    """An empty database for one test, on a server that answers."""
    postgres.revive()
    name = f"test_{next(_numbers)}"
    postgres.create_database(name)
    yield Database(postgres, name)
    # The test may have left the server killed, stopped or frozen.
    postgres.revive()
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def wiremock_server() -> Iterator[WireMockServer]:
    """One server for the session; tests ask for `wiremock`."""
    server = start_wiremock()
    yield server
    server.remove()


@pytest.fixture
def wiremock(wiremock_server: WireMockServer) -> WireMockServer:
    """WireMock without a stub and without a request."""
    wiremock_server.reset()
    return wiremock_server


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector of a test's own; it starts in a moment."""
    server = start_collector()
    yield server
    server.remove()


@pytest.fixture
def shop(database: Database) -> Database:
    """A database with a few orders; a module may have a shop of its own."""
    open_shop(database)
    return database


@pytest.fixture
def role(shop: Database) -> str:
    """A role that may log in, and nothing else."""
    return create_role(shop)


@pytest.fixture(autouse=True)
def _measured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave processes unmeasured, but for those of tests that are marked for it.

    To measure a short process takes as long as to run it.
    """
    if request.node.get_closest_marker("measured") is None:
        for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def state_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    return make_template(tmp_path_factory.mktemp("state"))


@pytest.fixture
def state_files(state_template: Path, tmp_path: Path) -> Iterator[StateFiles]:
    """A file of the test's own."""
    files = StateFiles(state_template, tmp_path)
    yield files
    files.close()


@pytest.fixture(scope="session")
def state_database_template(postgres: PostgresServer) -> Database:
    """A migrated database to copy."""
    return make_database_template(postgres)


@pytest.fixture
def state_database(state_database_template: Database) -> Iterator[Database]:
    """A database of the test's own that has the tables of a state, on a server that answers."""
    server = state_database_template.server
    server.revive()
    database = copied_database(state_database_template, f"state_{next(_numbers)}")
    yield database
    server.revive()
    server.drop_database(database.name)


@pytest.fixture
def state_servers(state_database: Database) -> Iterator[StateServers]:
    """What opens the database of the test's own."""
    servers = StateServers(state_database)
    yield servers
    servers.close()
