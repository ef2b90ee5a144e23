"""The schema of the state database: made, known, and refused where it is another."""

import importlib
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade as alembic_upgrade
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from aegis_batch.adapters.outbound.state import migrating
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.dead_letters import SqlDeadLetters
from aegis_batch.adapters.outbound.state.errors import StateDefectError
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.state.present_schema import SchemaStatus
from aegis_batch.adapters.outbound.state.revisions import HEAD, REVISIONS, VERSION_TABLE
from aegis_batch.adapters.outbound.state.runs import row_of_run
from aegis_batch.adapters.outbound.state.schema import migrate, status
from aegis_batch.adapters.outbound.state.seals import SqlSeals
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.adapters.outbound.state.tables import METADATA
from aegis_batch.domain.errors import AegisError, StateMisfit
from tests.integration.state_files import StateFiles, TableIntake
from tests.integration.state_records import (
    NOON,
    a_dead_letter,
    a_full_run,
    a_run,
    a_seal_link,
    an_audit_entry,
)


@pytest.fixture
def new(tmp_path: Path) -> StateDatabase:
    return StateDatabase(StateLocation(tmp_path / "a" / "b" / "state.db"))


def refusal(database: StateDatabase) -> AegisError:
    """Return why a database's tables can't be used; to ask for its status says the same."""
    with pytest.raises(AegisError) as refused, database.writing():
        pass
    with pytest.raises(AegisError) as refused_to_read, database.reading():
        pass
    assert refused_to_read.value.args == refused.value.args
    return refused.value


def write(database: StateDatabase, *statements: str) -> None:
    with database.on_any_schema(is_writing=True) as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_new_database_is_made_with_its_folders_for_this_account_alone(
    new: StateDatabase,
) -> None:
    os.umask(os.umask(0))
    before = migrate(new)

    assert before == SchemaStatus(None, HEAD, REVISIONS)
    assert status(new) == SchemaStatus(HEAD, HEAD, ())
    # Its log and index beside it are there as long as it is open.
    assert {path.name for path in new.file.parent.iterdir()} >= {"state.db", "state.db-wal"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in new.file.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(new.file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(new.file.parent.parent.stat().st_mode) == 0o700


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    migrate(StateDatabase(StateLocation(tmp_path / "state.db")))

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_to_migrate_again_changes_nothing(new: StateDatabase) -> None:
    migrate(new)
    with new.writing() as connection:
        TableIntake(connection)
        connection.execute(METADATA.tables["audit"].insert(), _audit_row())

    assert migrate(new) == SchemaStatus(HEAD, HEAD, ())
    with new.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() == 1


def test_of_many_that_migrate_at_once_one_does_it(tmp_path: Path) -> None:
    location = StateLocation(tmp_path / "state.db")
    databases = [StateDatabase(location) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        before = [ended.revision for ended in pool.map(migrate, databases)]

    assert sorted(before, key=str) == [HEAD, HEAD, HEAD, None]


def test_the_revisions_that_are_known_are_the_ones_that_are_shipped() -> None:
    script = ScriptDirectory.from_config(migrating.configuration())
    oldest_first = [each.revision for each in script.walk_revisions()][::-1]

    assert tuple(oldest_first) == REVISIONS
    assert script.get_heads() == [HEAD]


def test_the_tables_of_the_program_are_those_that_the_revisions_make(new: StateDatabase) -> None:
    migrate(new)
    with new.reading() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)

        assert compare_metadata(context, METADATA) == []


def test_a_migration_that_fails_leaves_nothing_behind(
    new: StateDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(
        "aegis_batch.adapters.outbound.state.migrations.versions.v0001_what_survives"
    )
    whole = Path(module.__file__ or "").read_text()
    folder = new.file.parents[2] / "migrations"
    (folder / "versions").mkdir(parents=True)
    package = Path(migrating.__file__).parent / "migrations"
    (folder / "env.py").write_text((package / "env.py").read_text())
    broken = folder / "versions" / "v0001.py"
    # The last statement of the migration fails.
    broken.write_text(whole.replace("CREATE TRIGGER audit_refuses_{deed} BEFORE", "CREATE"))
    config = migrating.configuration()
    config.set_main_option("script_location", str(folder))
    monkeypatch.setattr(migrating, "configuration", lambda: config)

    with pytest.raises(StateDefectError):
        migrate(new)
    monkeypatch.undo()

    with new.on_any_schema(is_writing=False) as connection:
        assert inspect(connection).get_table_names() == []
    assert migrate(new) == SchemaStatus(None, HEAD, REVISIONS)


def test_what_an_older_program_kept_is_there_after_the_upgrade(new: StateDatabase) -> None:
    _make(new, "0001")
    closed = a_full_run("r")
    columns = sorted(_columns_of_runs(new))
    with SqlState(_copied(new), TableIntake).turn() as turn:
        turn.runs.add(closed)
    with _copied(new).reading() as connection:
        names = ", ".join(columns)
        [row] = connection.execute(text(f"SELECT {names} FROM runs")).mappings()
    places = ", ".join(f":{name}" for name in columns)
    with new.on_any_schema(is_writing=True) as connection:
        connection.execute(text(f"INSERT INTO runs ({names}) VALUES ({places})"), dict(row))
        connection.execute(METADATA.tables["audit"].insert(), _audit_row())
    assert refusal(new).code == "state_not_migrated"

    assert migrate(new) == SchemaStatus("0001", HEAD, REVISIONS[1:])

    with SqlState(new, TableIntake).turn() as turn:
        assert turn.runs.get("r") == replace(
            closed, backend=None, requests=None, zone_name=None, queue=None, fence=0, task=None
        )
        assert list(turn.audit.newest(9)) == [replace(an_audit_entry("r"), origin=None)]
    with pytest.raises(StateDefectError, match="SQLITE_CONSTRAINT_TRIGGER"):
        write(new, "INSERT OR REPLACE INTO audit SELECT * FROM audit")


@pytest.mark.parametrize(
    ("ended_days_ago", "known"),
    [([3, 2, 9], NOON - timedelta(days=3)), ([9], None), ([], None)],
)
def test_of_a_ledger_from_before_only_runs_that_were_there_then_are_missed_later(
    new: StateDatabase, ended_days_ago: list[int], known: datetime | None
) -> None:
    _make(new, "0003")
    then = _columns_of_runs(new)
    with new.on_any_schema(is_writing=True) as connection:
        SqlSeals(connection).add(a_seal_link(1))
        for days in ended_days_ago:
            ended_at = NOON - timedelta(days=days)
            row = row_of_run(replace(a_full_run(f"run-{days}"), ended_at=ended_at))
            known_then = {name: value for name, value in row.items() if name in then}
            connection.execute(METADATA.tables["runs"].insert(), known_then)
        # It is kept for good, and so says nothing about the others.
        SqlDeadLetters(connection).save(a_dead_letter("run-9"))

    migrate(new)

    with SqlState(new, TableIntake).look() as turn:
        before = turn.retention.runs_forgotten_before()
    assert before == known if known is not None else before is not None and before > NOON


def test_of_a_ledger_from_before_there_were_seals_nothing_is_said_to_be_forgotten(
    new: StateDatabase,
) -> None:
    _make(new, "0002")
    migrate(new)

    with SqlState(new, TableIntake).look() as turn:
        assert turn.retention.runs_forgotten_before() is None


def test_a_backfill_that_was_under_way_before_there_were_those_of_all_goes_on(
    new: StateDatabase,
) -> None:
    _make(new, "0005")
    names = ("id", "tenant", "reprocess", "max_active", "planned_by", "backend", "to_do")
    values = "'b-1', 'default', 'failed', 2, 'ana', '00ff00ff00ff00ff', 10"
    write(
        new,
        f"INSERT INTO backfills ({', '.join(names)}, period_kind, first_day, last_day,"
        " newest_first, planned_at, next_day, state, done, failed, skipped)"
        f" VALUES ({values}, 'day', '2026-11-12', '2026-11-21', false,"
        " '2026-11-22T12:00:00.000001Z', '2026-11-12', 'running', 0, 0, 0)",
    )

    assert migrate(new) == SchemaStatus("0005", HEAD, REVISIONS[5:])

    with SqlState(new, TableIntake).look() as turn:
        kept = turn.backfills.get("b-1")
        assert kept is not None
        assert (kept.next_tenant, kept.is_of_everyone) == (0, False)
        assert not turn.backfill_tenants.page("b-1", 0, 9)


def test_a_state_that_is_current_opens_without_alembic(state_files: StateFiles) -> None:
    state_files.open().close()
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from aegis_batch.adapters.outbound.state.database import StateDatabase\n"
        "from aegis_batch.adapters.outbound.state.location import StateLocation\n"
        "from aegis_batch.adapters.outbound.state.schema import migrate, status\n"
        "from aegis_batch.adapters.outbound.state.state import SqlState\n"
        "database = StateDatabase(StateLocation(Path(sys.argv[1])))\n"
        "migrate(database), status(database)\n"
        "with SqlState(database, lambda connection: None).turn() as turn:\n"
        "    turn.runs.get('r')\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'alembic'])"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script, str(state_files.file)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.strip() == "[]"


def test_without_a_file_nothing_is_made_before_it_is_asked_for(new: StateDatabase) -> None:
    error = refusal(new)

    assert isinstance(error, StateMisfit)
    assert error.code == "state_missing"
    assert "aegis-batch state migrate" in error.remedy
    with pytest.raises(StateMisfit, match="no state database"):
        status(new)
    assert not new.file.parent.exists()


def test_an_empty_file_is_a_database_to_be_made(new: StateDatabase) -> None:
    new.file.parent.mkdir(parents=True)
    new.file.touch()

    assert status(new).pending == REVISIONS
    assert refusal(new).code == "state_not_migrated"
    migrate(new)
    assert status(new).pending == ()


def test_a_newer_schema_is_refused_and_left_alone(state_files: StateFiles) -> None:
    database = state_files.open()
    write(database, f"UPDATE {VERSION_TABLE} SET version_num = '0099'")
    database = state_files.open()

    error = refusal(database)

    assert isinstance(error, StateMisfit)
    assert error.code == "state_newer"
    assert "0099" in error.message
    assert HEAD in error.message
    for deed in (migrate, status):
        with pytest.raises(StateMisfit, match="0099"):
            deed(database)
    with database.on_any_schema(is_writing=False) as connection:
        version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))
        assert version.scalar_one() == "0099"


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE theirs (id INTEGER)"],
        ["CREATE TABLE alembic_version (version_num TEXT)"],
        [f"CREATE TABLE {VERSION_TABLE} (version_num TEXT)"],
        [
            f"CREATE TABLE {VERSION_TABLE} (version_num TEXT)",
            f"INSERT INTO {VERSION_TABLE} VALUES ('0001'), ('0002')",
        ],
    ],
)
def test_a_database_of_somebody_else_is_refused_and_left_alone(
    new: StateDatabase, statements: list[str]
) -> None:
    new.file.parent.mkdir(parents=True)
    new.file.touch()
    write(new, *statements)
    before = new.file.read_bytes()

    assert refusal(new).code == "state_not_ours"
    for deed in (migrate, status):
        with pytest.raises(StateMisfit, match="not made by this program"):
            deed(new)

    assert new.file.read_bytes() == before


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE audit SET reason = 'x'",
        "UPDATE OR REPLACE audit SET reason = 'x'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
        "REPLACE INTO audit SELECT id, at, 'somebody', action, subject, 'x', origin FROM audit",
    ],
)
def test_the_database_itself_refuses_to_change_the_audit(
    state_files: StateFiles, deed: str
) -> None:
    with state_files.open_state().turn() as turn:
        turn.audit.add(an_audit_entry("r"))

    with pytest.raises(StateDefectError, match="SQLITE_CONSTRAINT_TRIGGER") as refused:
        write(state_files.open(), deed)

    assert isinstance(refused.value.__cause__, DatabaseError)
    with state_files.open_state().turn() as turn:
        assert list(turn.audit.newest(9)) == [an_audit_entry("r")]


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE seals SET digest = 'x'",
        "DELETE FROM seals",
        "INSERT OR REPLACE INTO seals SELECT * FROM seals",
    ],
)
def test_the_database_itself_refuses_to_change_a_chain_of_seals(
    state_files: StateFiles, deed: str
) -> None:
    with state_files.open_state().turn() as turn:
        turn.seals.add(a_seal_link(1))

    with pytest.raises(StateDefectError, match="SQLITE_CONSTRAINT_TRIGGER"):
        write(state_files.open(), deed)

    with state_files.open_state().turn() as turn:
        assert turn.seals.last("default") == a_seal_link(1).kept()


def test_commits_are_on_the_disk_when_they_return(state_files: StateFiles) -> None:
    with state_files.open().writing() as connection:
        full, wal = 2, "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == full
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == wal
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 10_000


def test_values_stand_in_no_error_of_the_database(state_files: StateFiles) -> None:
    with state_files.open_state().turn() as turn:
        turn.runs.add(a_run("r"))
    unfit = a_run("r", requested_by="canary-7c1f", orders=object())
    with pytest.raises(StateDefectError) as refused, state_files.open_state().turn() as turn:
        turn.runs.save(unfit)

    cause = refused.value.__cause__
    assert "UPDATE runs" in str(cause)
    assert "canary-7c1f" not in f"{refused.value!r} {cause} {cause!r}"


def _make(database: StateDatabase, revision: str) -> None:
    """Make a database as the program of a revision made it."""
    database.file.parent.mkdir(parents=True)
    database.file.touch()
    with database.on_any_schema(is_writing=True) as connection:
        config = migrating.configuration()
        config.attributes["connection"] = connection
        alembic_upgrade(config, revision)


def _columns_of_runs(database: StateDatabase) -> set[str]:
    """Return what a run has in a database, of whatever revision it is."""
    with database.on_any_schema(is_writing=False) as connection:
        return {column["name"] for column in inspect(connection).get_columns("runs")}


def _copied(database: StateDatabase) -> StateDatabase:
    """Return a database beside another one, of the newest schema."""
    beside = StateDatabase(StateLocation(database.file.with_name("newest.db")))
    migrate(beside)
    return beside


def _audit_row() -> dict[str, object]:
    entry = an_audit_entry("r")
    return {
        name: getattr(entry, name) for name in ("at", "operator", "action", "subject", "reason")
    }
