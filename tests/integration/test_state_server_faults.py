"""A server that holds the state and is cut off, frozen, locked or changed by hand."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from aegis_batch.adapters.outbound.dbos.engine import open_engine, prepare_engine_tables
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.errors import StateDefectError
from aegis_batch.adapters.outbound.state.present_schema import SchemaStatus
from aegis_batch.adapters.outbound.state.revisions import HEAD, REVISIONS, VERSION_TABLE
from aegis_batch.adapters.outbound.state.schema import migrate, status
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.adapters.outbound.state.tables import METADATA
from aegis_batch.adapters.postgresql import pooling
from aegis_batch.domain.errors import AegisError, StateMisfit, StateUnavailable
from tests.integration.frozen_turn import frozen_in_a_turn
from tests.integration.state_files import TableIntake
from tests.integration.state_records import a_run, a_seal_link, an_audit_entry
from tests.integration.state_servers import StateServers, location_of
from tests.servers.postgres import Database

TERMINATE = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def failure(deed: Callable[[], object]) -> AegisError:
    with pytest.raises(AegisError) as failed:
        deed()
    return failed.value


def test_a_connection_that_is_ended_in_a_turn_undoes_it_and_the_next_goes_on(
    state_servers: StateServers,
) -> None:
    state = state_servers.open_state()

    def cut_off() -> None:
        with state.turn() as turn:
            turn.runs.add(a_run("lost"))
            with state_servers.database.connect() as connection:
                connection.execute(TERMINATE)
            turn.runs.add(a_run("more"))

    error = failure(cut_off)
    assert isinstance(error, StateUnavailable)
    assert error.code == "state_broke_off"
    with state.turn() as turn:
        turn.runs.add(a_run("kept"))
        assert turn.runs.get("lost") is None


def test_connections_that_died_at_rest_are_replaced_unseen(state_servers: StateServers) -> None:
    state = state_servers.open_state()
    with state.turn() as turn:
        turn.runs.add(a_run("r"))
    with state_servers.database.connect() as connection:
        connection.execute(TERMINATE)

    with state.look() as seen:
        assert seen.runs.get("r") == a_run("r")


def test_a_frozen_server_is_given_up_in_bounded_time(
    state_servers: StateServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pooling, "_PING_SECONDS", 0.2)
    monkeypatch.setattr(pooling, "_FRESH_SECONDS", -1.0)
    database = StateDatabase(location_of(state_servers.database), 1.0, connect_seconds=1.0)
    state_servers.opened.append(database)
    state = SqlState(database, TableIntake)
    with state.turn() as turn:
        turn.runs.add(a_run("r"))

    def look() -> None:
        with state.look():
            raise AssertionError

    state_servers.database.server.freeze()
    try:
        error = failure(look)
    finally:
        state_servers.database.server.thaw()
    assert isinstance(error, StateUnavailable)
    assert error.code == "state_away"


@pytest.mark.parametrize("is_answered", [False, True])
def test_who_is_frozen_in_a_turn_holds_nobody_up_for_long_and_wakes_with_nothing(
    state_servers: StateServers, *, is_answered: bool
) -> None:
    settings = {
        "AEGIS_STATE_URL": state_servers.database.dsn(),
        "AEGIS_EXECUTOR_LEASE_SECONDS": "3",
    }
    # It waits for much less than a server gives an idle client otherwise.
    state = state_servers.open_state(busy_timeout_seconds=8.0)
    with frozen_in_a_turn(settings, is_answered=is_answered) as frozen:
        with state.turn() as turn:
            turn.leases.free(["frozen"])
            assert set(turn.leases.take({"close/a": 0}, "other")) == {"close/a"}
        told = frozen.wake()

    assert told == ["state_broke_off", "[]"]
    with state_servers.open().reading() as connection:
        assert connection.execute(text("SELECT to_regclass('half_done')")).scalar_one() is None
    with state.look() as seen:
        assert seen.runs.get("awake") == a_run("awake")
        assert seen.leases.holders("close/a") == {"close/a": "other"}


def test_limits_hold_for_a_transaction_and_leave_no_trace_in_the_session(
    state_servers: StateServers,
) -> None:
    names = (
        "lock_timeout",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "tcp_user_timeout",
    )
    database = state_servers.open(busy_timeout_seconds=2.0)
    asked = {name: text(f"SHOW {name}") for name in names}
    with database.writing() as connection:
        within = [connection.execute(asked[name]).scalar_one() for name in names]
    with database.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        cursor = driver.cursor()
        after = [cursor.execute(f"SHOW {name}").fetchone()[0] for name in names]
        cursor.close()
        connection.rollback()

    # The last one is told as the socket has it, in milliseconds.
    assert within == ["2s", "30s", "5s", "5000"]
    assert after == ["0", "0", "0", "0"]


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE audit SET reason = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "INSERT INTO audit SELECT 7, at, operator, action, subject, reason FROM audit",
        "UPDATE seals SET digest = 'x'",
        "DELETE FROM seals",
        "TRUNCATE seals",
        (
            "INSERT INTO seals SELECT * FROM seals"
            " ON CONFLICT (tenant, number) DO UPDATE SET content = 'x'"
        ),
    ],
)
def test_the_database_itself_refuses_to_change_the_audit_and_the_seals(
    state_servers: StateServers, deed: str
) -> None:
    with state_servers.open_state().turn() as turn:
        turn.audit.add(an_audit_entry("r"))
        turn.seals.add(a_seal_link(1))

    with (
        pytest.raises(StateDefectError, match="SQLSTATE"),
        state_servers.open().writing() as connection,
    ):
        connection.execute(text(deed))

    with state_servers.open_state().look() as seen:
        assert list(seen.audit.newest(9)) == [an_audit_entry("r")]
        assert seen.seals.last("default") == a_seal_link(1).kept()


def test_of_many_that_migrate_at_once_one_does_it(database: Database) -> None:
    location = location_of(database)
    databases = [StateDatabase(location) for _ in range(3)]
    engines = [open_engine(location.url) for _ in range(2)]

    with ThreadPoolExecutor(3) as pool:
        before = [ended.revision for ended in pool.map(migrate, databases)]
        list(pool.map(prepare_engine_tables, engines))

    assert sorted(before, key=str) == [HEAD, HEAD, None]
    assert status(databases[0]) == SchemaStatus(HEAD, HEAD, ())
    for each in databases:
        each.close()
    for engine in engines:
        engine.dispose()


def test_the_tables_of_the_program_are_those_that_the_revisions_make(
    state_servers: StateServers,
) -> None:
    with state_servers.open().writing() as connection:
        connection.execute(text("DROP TABLE queued"))
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
        unordered = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND data_type = 'character varying'"
                " AND collation_name IS DISTINCT FROM 'C' AND table_name <> :version"
            ),
            {"version": VERSION_TABLE},
        )
        assert unordered.all() == []


def test_a_database_without_a_state_or_of_somebody_else_or_newer_is_told_apart(
    database: Database, state_servers: StateServers
) -> None:
    state = StateDatabase(location_of(database))

    def look() -> None:
        with state.reading():
            pass

    assert failure(look).code == "state_missing"
    assert status(state).pending == REVISIONS
    with database.connect() as connection:
        connection.execute("CREATE TABLE theirs (id integer)")
    for deed in (look, lambda: migrate(state)):
        error = failure(deed)
        assert isinstance(error, StateMisfit)
        assert error.code == "state_not_ours"
    state.close()
    with state_servers.database.connect() as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '0099'".encode())
    assert failure(lambda: status(state_servers.open())).code == "state_newer"


def test_whose_state_is_in_a_file_does_not_load_the_driver() -> None:
    script = (
        "import sys\n"
        "from aegis_batch.adapters.outbound.dbos import engine\n"
        "from aegis_batch.adapters.outbound.state import database, location, pulse, state\n"
        "place = location.parse_state_url('sqlite:///state.db')\n"
        "database.StateDatabase(place), engine.open_engine(place.url)\n"
        "print([name for name in sys.modules if name == 'psycopg'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert ended.stdout.strip() == "[]"
