"""State databases on a PostgreSQL server for tests: one of each test's own, already migrated."""

from dataclasses import dataclass, field

from psycopg import sql
from sqlalchemy import text

from aegis_batch.adapters.outbound.dbos.engine import open_engine, prepare_engine_tables
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import ServerLocation, parse_state_url
from aegis_batch.adapters.outbound.state.schema import migrate
from aegis_batch.adapters.outbound.state.state import SqlState
from tests.integration.state_files import TableIntake
from tests.servers.postgres import Database, PostgresServer

__all__ = ["StateServers", "copied_database", "location_of", "make_database_template"]

_TEMPLATE = "state_template"


def location_of(database: Database) -> ServerLocation:
    """Return where a state in a database is, as the program reads it."""
    location = parse_state_url(database.dsn())
    assert isinstance(location, ServerLocation)
    return location


def make_database_template(server: PostgresServer) -> Database:
    """Make a migrated database without anything in it, to be copied: faster than to migrate."""
    server.create_database(_TEMPLATE)
    template = Database(server, _TEMPLATE)
    database = StateDatabase(location_of(template))
    migrate(database)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE queued (id TEXT PRIMARY KEY)"))
    database.close()
    engine = open_engine(location_of(template).url)
    prepare_engine_tables(engine)
    engine.dispose()
    return template


def copied_database(template: Database, name: str) -> Database:
    """Return a copy of a database that nobody is connected to."""
    copied = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template.name)
    )
    with template.server.connect() as connection:
        connection.execute(copied)
    return Database(template.server, name)


@dataclass
class StateServers:
    """Opens the test's own database, again and again, and closes what it opened."""

    database: Database
    opened: list[StateDatabase] = field(default_factory=list)

    def open(self, busy_timeout_seconds: float = 10.0) -> StateDatabase:
        """Open the test's database."""
        database = StateDatabase(location_of(self.database), busy_timeout_seconds, 5.0)
        self.opened.append(database)
        return database

    def open_state(self, busy_timeout_seconds: float = 10.0) -> SqlState:
        """Open the test's database as a state."""
        return SqlState(self.open(busy_timeout_seconds), TableIntake)

    def queued(self) -> list[str]:
        """Return the ids in the intake's table."""
        with self.open().reading() as connection:
            return list(connection.execute(text("SELECT id FROM queued ORDER BY id")).scalars())

    def close(self) -> None:
        """Close whatever was opened."""
        for database in self.opened:
            database.close()
