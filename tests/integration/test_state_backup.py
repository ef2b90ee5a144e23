"""Backups of the state database: whole, private, made while it is in use, never over another."""

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from aegis_batch.adapters.outbound.state.backup import backup
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.state.present_schema import SchemaStatus
from aegis_batch.adapters.outbound.state.revisions import HEAD
from aegis_batch.adapters.outbound.state.schema import status
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.domain.errors import InvalidRequest, StateMisfit, StateUnavailable
from aegis_batch.domain.run_record import TimelineEntry
from tests.integration.account import as_ordinary_account, ordinary_folder
from tests.integration.state_files import StateFiles, TableIntake
from tests.integration.state_records import NOON, a_run

# A process that may write no file longer than so many bytes.
SHORT_PROCESS = """
import resource, sys
from pathlib import Path
from aegis_batch.adapters.outbound.state.backup import backup
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.domain.errors import AegisError
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, most))
try:
    backup(StateDatabase(StateLocation(Path(sys.argv[1]))), Path(sys.argv[2]))
except AegisError as error:
    print(type(error).__name__, error.code, error.message)
# What measures coverage writes a file of its own at the end.
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
"""


def add(state: State, *run_ids: str) -> None:
    with state.turn() as turn:
        for run_id in run_ids:
            turn.runs.add(a_run(run_id))


def ids_in(file: Path) -> list[str]:
    database = StateDatabase(StateLocation(file))
    with SqlState(database, TableIntake).turn() as turn:
        found = [run.id for run in turn.runs.search(RunFilter(oldest_first=True), 99)]
    database.close()
    return found


def test_a_backup_has_all_that_was_committed_and_opens_as_a_state(
    state_files: StateFiles, tmp_path: Path
) -> None:
    state = state_files.open_state()
    add(state, "a", "b")
    target = tmp_path / "copies" / "backup.db"
    target.parent.mkdir()

    backup(state_files.open(), target)
    add(state, "c")

    assert [path.name for path in target.parent.iterdir()] == ["backup.db"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert status(StateDatabase(StateLocation(target))) == SchemaStatus(HEAD, HEAD, ())
    assert ids_in(target) == ["a", "b"]


def test_a_backup_is_made_while_a_turn_is_open_and_has_nothing_of_it(
    state_files: StateFiles, tmp_path: Path
) -> None:
    state = state_files.open_state()
    add(state, "a")

    with state.turn() as turn:
        turn.runs.add(a_run("open"))
        backup(state_files.open(), tmp_path / "backup.db")

    assert ids_in(tmp_path / "backup.db") == ["a"]


def test_a_backup_is_never_written_over_a_file(state_files: StateFiles, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    target.write_text("precious")

    with pytest.raises(InvalidRequest) as refused:
        backup(state_files.open(), target)

    assert refused.value.code == "backup_exists"
    assert target.read_text() == "precious"
    assert sorted(path.suffix for path in tmp_path.iterdir() if "part" in path.name) == []


@pytest.mark.parametrize("place", ["missing/backup.db", "file/backup.db"])
def test_where_no_file_can_be_made_it_is_said_so(
    state_files: StateFiles, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(InvalidRequest) as refused:
        backup(state_files.open(), tmp_path / place)

    assert refused.value.code == "backup_not_writable"


def test_a_folder_that_may_not_be_written_to_is_said_to_be_so(state_files: StateFiles) -> None:
    database = state_files.open()
    with ordinary_folder() as folder:
        folder.chmod(0o500)
        with as_ordinary_account(), pytest.raises(InvalidRequest) as refused:
            backup(database, folder / "backup.db")

    assert refused.value.code == "backup_not_writable"


def test_without_room_for_it_no_half_of_a_backup_is_left(
    state_files: StateFiles, tmp_path: Path
) -> None:
    state_files.open().close()
    target = tmp_path / "copies" / "backup.db"
    target.parent.mkdir()

    ended = subprocess.run(
        [sys.executable, "-c", SHORT_PROCESS, str(state_files.file), str(target)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stderr == ""
    assert ended.stdout.startswith("StateUnavailable state_io_error")
    assert str(target) in ended.stdout
    assert list(target.parent.iterdir()) == []


def test_what_a_killed_backup_left_is_no_hindrance(state_files: StateFiles, tmp_path: Path) -> None:
    left = tmp_path / f".backup.db.part-{os.getpid()}"
    left.write_text("half")

    backup(state_files.open(), tmp_path / "backup.db")

    assert ids_in(tmp_path / "backup.db") == []
    assert not left.exists()


def test_a_damaged_database_makes_no_backup(state_files: StateFiles, tmp_path: Path) -> None:
    with state_files.open_state().turn() as turn:
        turn.timeline.add([TimelineEntry("r", NOON, "name", "x" * 50_000)])
    state_files.close()
    content = bytearray(state_files.file.read_bytes())
    # What a table's page begins with, so that its rows can't be found.
    content[4096 * 4 : 4096 * 4 + 100] = b"\xa5" * 100
    state_files.file.write_bytes(content)

    with pytest.raises(StateMisfit) as refused:
        backup(state_files.open(), tmp_path / "backup.db")

    assert refused.value.code == "state_damaged"
    assert str(state_files.file) in refused.value.message
    assert not (tmp_path / "backup.db").exists()


def test_a_database_that_stays_locked_makes_no_backup(
    state_files: StateFiles, tmp_path: Path
) -> None:
    database = state_files.open(busy_timeout_seconds=0.01)
    database.close()
    with closing(sqlite3.connect(state_files.file, isolation_level=None)) as other:
        # Nobody else may even read while it is kept like this.
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("INSERT INTO queued VALUES ('x')")
        with pytest.raises(StateUnavailable) as refused:
            backup(database, tmp_path / "backup.db")
        other.execute("ROLLBACK")

    assert refused.value.code == "state_locked"
    assert not (tmp_path / "backup.db").exists()


def test_a_backup_that_takes_too_long_is_given_up(state_files: StateFiles, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    with pytest.raises(StateUnavailable) as refused:
        backup(state_files.open(), tmp_path / "backup.db", time_limit_seconds=0)

    assert refused.value.code == "backup_took_too_long"
    assert {path.suffix for path in set(tmp_path.iterdir()) - before} <= {
        ".db",
        ".db-wal",
        ".db-shm",
    }
    assert not (tmp_path / "backup.db").exists()


def test_a_backup_of_many_pages_is_of_one_moment_whatever_is_written_meanwhile(
    state_files: StateFiles, tmp_path: Path
) -> None:
    database = state_files.open()
    # Two rows at the two ends of many pages, which change together.
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE pairs (id INTEGER PRIMARY KEY, n INTEGER, fill)")
        connection.exec_driver_sql(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers"
            " WHERE n < 3000) INSERT INTO pairs SELECT n, 0, randomblob(5000) FROM numbers"
        )
    has_begun, is_over = Event(), Event()
    other = state_files.open()

    def change() -> None:
        while not is_over.is_set():
            with other.writing() as connection:
                connection.exec_driver_sql("UPDATE pairs SET n = n + 1 WHERE id IN (1, 3000)")
            has_begun.set()

    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(change)
        assert has_begun.wait(10)
        backup(database, tmp_path / "backup.db")
        is_over.set()
        changing.result()

    with closing(sqlite3.connect(tmp_path / "backup.db")) as copy:
        found = copy.execute("SELECT n FROM pairs WHERE id IN (1, 3000)").fetchall()
    assert found[0] == found[1]
    assert found[0][0] > 0
