"""The servers behave as the tests that stand on them take for granted."""

import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from wiremock.client import Mapping, MappingRequest, MappingResponse, Mappings

from tests.servers import wiremock_process
from tests.servers.ground import ServerError
from tests.servers.postgres import Database, PostgresServer, StopMode
from tests.servers.wiremock import WireMockServer


@pytest.fixture
def client(wiremock: WireMockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=wiremock.url, timeout=10, trust_env=False) as client:
        yield client


def test_a_killed_postgres_keeps_what_was_committed(
    postgres: PostgresServer, database: Database
) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        dsn = database.dsn()
        postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match=r"refused|closed the connection"):
        psycopg.connect(dsn)

    postgres.start()

    assert database.dsn() == dsn
    with database.connect() as connection:
        assert connection.execute("TABLE kept").fetchall() == [(42,)]


@pytest.mark.parametrize("mode", ["smart", "fast", "immediate"])
def test_a_stopped_postgres_starts_again(
    postgres: PostgresServer, database: Database, mode: StopMode
) -> None:
    postgres.stop(mode)
    with pytest.raises(psycopg.OperationalError, match=r"refused|closed the connection"):
        psycopg.connect(database.dsn())

    postgres.start()

    with database.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_frozen_postgres_accepts_and_says_nothing_until_it_is_thawed(
    postgres: PostgresServer, database: Database
) -> None:
    postgres.freeze()
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        psycopg.connect(database.dsn(), connect_timeout=2)

    postgres.thaw()

    with database.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_wrong_password_is_refused(database: Database) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database.dsn(password="wrong"))


def test_wiremock_counts_and_shows_what_it_received(
    wiremock: WireMockServer, client: httpx.Client
) -> None:
    wiremock.stub("POST", "/reports", {"status": 201})
    client.post("/reports?by=hand", content="é".encode(), headers={"X-Token": "one"})
    client.post("/reports", content=b"two")
    client.get("/unknown")

    assert wiremock.count("POST", "/reports") == 2
    assert wiremock.count("GET") == 1
    assert wiremock.count() == 3
    first, second, third = wiremock.requests()
    assert (first.method, first.path, first.url) == ("POST", "/reports", "/reports?by=hand")
    assert (first.body, first.headers["x-token"]) == ("é".encode(), "one")
    assert (second.body, third.path) == (b"two", "/unknown")


def test_wiremock_obeys_its_python_client(wiremock: WireMockServer, client: httpx.Client) -> None:
    Mappings.create_mapping(
        Mapping(
            request=MappingRequest(method="GET", url="/made-by-the-client"),
            response=MappingResponse(status=200, body="yes"),
        )
    )

    assert client.get("/made-by-the-client").text == "yes"
    wiremock.reset()
    assert client.get("/made-by-the-client").status_code == 404
    assert wiremock.count() == 1


@pytest.mark.parametrize(
    "fault",
    [
        "CONNECTION_RESET_BY_PEER",
        "EMPTY_RESPONSE",
        "MALFORMED_RESPONSE_CHUNK",
        "RANDOM_DATA_THEN_CLOSE",
    ],
)
def test_each_fault_is_a_transport_error_of_a_request_that_was_counted(
    wiremock: WireMockServer, client: httpx.Client, fault: str
) -> None:
    wiremock.stub("GET", "/", {"status": 200, "fault": fault})

    with pytest.raises(httpx.TransportError) as caught:
        client.get("/")

    assert not isinstance(caught.value, httpx.TimeoutException)
    assert wiremock.count("GET", "/") == 1


def test_a_fixed_delay_outlasts_the_read_timeout(
    wiremock: WireMockServer, client: httpx.Client
) -> None:
    wiremock.stub("GET", "/", {"status": 200, "fixedDelayMilliseconds": 2_000})

    with pytest.raises(httpx.ReadTimeout):
        client.get("/", timeout=0.2)


def test_a_dribbled_body_outlasts_a_timeout_for_each_read(
    wiremock: WireMockServer, client: httpx.Client
) -> None:
    dribble = {"numberOfChunks": 5, "totalDuration": 1_000}
    wiremock.stub("GET", "/", {"status": 200, "body": "dribble", "chunkedDribbleDelay": dribble})
    started = time.monotonic()

    answer = client.get("/", timeout=0.6)

    assert answer.text == "dribble"
    assert time.monotonic() - started > 0.6


def test_wiremock_sends_a_hundred_megabytes(wiremock: WireMockServer, client: httpx.Client) -> None:
    size_bytes = 100_000_000
    wiremock.put_file("large", bytes(size_bytes))
    wiremock.stub("GET", "/", {"status": 200, "bodyFileName": "large"})

    with client.stream("GET", "/") as answer:
        assert sum(map(len, answer.iter_raw())) == size_bytes
    assert wiremock.count("GET", "/") == 1


def test_a_missing_jar_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(wiremock_process, "_JARS", tmp_path_factory.mktemp("no-jars"))

    with pytest.raises(ServerError, match="make test"):
        wiremock_process.WireMockProcess()
