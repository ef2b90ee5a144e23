"""The state database full, locked, damaged, closed off or gone: said plainly, and nothing lost."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.state.opening import open_engine
from aegis_batch.adapters.outbound.state.pulse import SqlPulse
from aegis_batch.adapters.outbound.state.schema import migrate, status
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.errors import AegisError, StateMisfit, StateUnavailable
from aegis_batch.domain.run_record import TimelineEntry
from tests.integration.account import as_ordinary_account, ordinary_folder
from tests.integration.state_files import StateFiles, TableIntake
from tests.integration.state_records import NOON, a_full_run, a_run

LONG = "x" * 10_000

# A process of its own that begins what the word after the file says, tells so, and waits.
OTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
connection.execute("INSERT INTO queued VALUES ('of the other process')")
print("begun", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
"""

# A process that fills the file with runs, though no file of its may be longer than so many bytes.
FILLING_PROCESS = """
import resource, sys
from pathlib import Path
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.run_record import TimelineEntry
from tests.integration.state_records import NOON
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), most))
state = SqlState(StateDatabase(StateLocation(Path(sys.argv[1]))), lambda connection: None)
done = 0
try:
    while done < 10_000:
        with state.turn() as turn:
            turn.timeline.add([TimelineEntry(str(done), NOON, "name", "x" * 10_000)])
        done += 1
except AegisError as error:
    print(type(error).__name__, error.code, done)
# What measures coverage writes a file of its own at the end.
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
"""


def add_run(run_id: str) -> Callable[[Turn], None]:
    def deed(turn: Turn) -> None:
        turn.runs.add(a_run(run_id))
        turn.timeline.add([TimelineEntry(run_id, NOON, "job.dispatched", LONG)])

    return deed


def ids(state: State) -> list[str]:
    with state.turn() as turn:
        return [run.id for run in turn.runs.search(RunFilter(oldest_first=True), 999)]


def failure(state: State, deed: Callable[[Turn], object]) -> AegisError:
    def turn() -> None:
        with state.turn() as open_turn:
            deed(open_turn)

    with pytest.raises(AegisError) as failed:
        turn()
    return failed.value


@contextmanager
def another_process(file: Path, begin: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", OTHER_PROCESS, str(file), begin]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def allow_pages(database: StateDatabase, more: int) -> None:
    """Let the file grow by so many pages, and no more."""
    with closing(sqlite3.connect(database.file)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()

    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + more}")

    event.listen(database.engine, "connect", limit)


def test_a_full_database_fails_the_turn_as_a_whole_and_goes_on_when_there_is_room(
    state_files: StateFiles,
) -> None:
    database = state_files.open()
    allow_pages(database, 8)
    state = SqlState(database, TableIntake)
    done: list[str] = []

    def fill(turn: Turn) -> None:
        add_run(str(len(done)))(turn)

    error: AegisError | None = None
    while error is None and len(done) < 100:
        try:
            with state.turn() as turn:
                fill(turn)
            done.append(str(len(done)))
        except AegisError as raised:
            error = raised

    assert isinstance(error, StateUnavailable)
    assert error.code == "state_full"
    assert str(database.file) in error.message
    assert done
    assert sorted(ids(state)) == sorted(done)
    assert failure(state, add_run("more")).code == "state_full"
    with state_files.open_state().turn() as turn:
        add_run("more")(turn)
    assert sorted(ids(state)) == sorted([*done, "more"])


def test_a_disk_that_takes_no_more_bytes_loses_nothing(state_files: StateFiles) -> None:
    state_files.open().close()
    limit = 400_000
    ended = subprocess.run(
        [sys.executable, "-c", FILLING_PROCESS, str(state_files.file), str(limit)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stderr == ""
    kind, code, done = ended.stdout.split()
    assert (kind, code) == ("StateUnavailable", "state_io_error")
    with state_files.open_state().turn() as turn:
        kept = [number for number in range(200) if turn.timeline.of(str(number))]
    assert kept == list(range(int(done)))
    assert int(done) > 5


def test_a_file_that_another_process_has_locked_is_waited_for_within_bounds(
    state_files: StateFiles,
) -> None:
    state = state_files.open_state(busy_timeout_seconds=0.05)
    with state.turn() as turn:
        add_run("before")(turn)

    with another_process(state_files.file, "BEGIN IMMEDIATE") as other:
        error = failure(state, add_run("meanwhile"))
        assert isinstance(error, StateUnavailable)
        assert error.code == "state_locked"
        # What only reads is not held up.
        assert not SqlPulse(state_files.open()).signs(9).executors
        assert state_files.queued() == []
        other.communicate("")

    assert state_files.queued() == ["of the other process"]
    with state.turn() as turn:
        add_run("z after")(turn)
    assert ids(state) == ["before", "z after"]


def test_a_turn_waits_for_the_lock_of_another_process(state_files: StateFiles) -> None:
    state = state_files.open_state(busy_timeout_seconds=60)
    with another_process(state_files.file, "BEGIN IMMEDIATE") as other:
        assert other.stdin
        # It commits and ends as soon as it reads this.
        other.stdin.close()
        with state.turn() as turn:
            add_run("r")(turn)

    assert (ids(state), state_files.queued()) == (["r"], ["of the other process"])


def test_a_process_that_is_killed_in_mid_turn_leaves_no_lock_and_no_trace(
    state_files: StateFiles,
) -> None:
    state = state_files.open_state(busy_timeout_seconds=5)
    with another_process(state_files.file, "BEGIN IMMEDIATE") as other:
        other.send_signal(signal.SIGKILL)
        other.wait()

    with state.turn() as turn:
        add_run("r")(turn)
    assert (ids(state), state_files.queued()) == (["r"], [])


def test_a_beat_on_a_locked_file_is_an_error_too(state_files: StateFiles) -> None:
    pulse = SqlPulse(state_files.open(busy_timeout_seconds=0.01))
    with (
        another_process(state_files.file, "BEGIN IMMEDIATE"),
        pytest.raises(StateUnavailable, match="locked"),
    ):
        pulse.beat("machine-1")


@pytest.mark.parametrize("content", [b"This is no database.\n" * 99, b"\0" * 8192])
def test_a_file_that_is_no_database_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(content)
    database = StateDatabase(StateLocation(file))

    for deed in (migrate, status):
        with pytest.raises(StateMisfit) as refused:
            deed(database)
        assert refused.value.code == "state_no_database"
    assert failure(SqlState(database, TableIntake), add_run("r")).code == "state_no_database"
    assert file.read_bytes() == content


def damage_pages(file: Path) -> None:
    content = bytearray(file.read_bytes())
    # The first page has the schema; what follows holds the tables.
    content[4096:] = b"\xa5" * len(content[4096:])
    file.write_bytes(content)


def cut_short(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: 4096 * 3])


@pytest.mark.parametrize("damage", [damage_pages, cut_short])
def test_a_damaged_file_is_told_from_one_in_use(
    state_files: StateFiles, damage: Callable[[Path], None]
) -> None:
    with state_files.open_state().turn() as turn:
        for number in range(40):
            add_run(str(number))(turn)
    state_files.close()
    damage(state_files.file)

    error = failure(state_files.open_state(), lambda turn: turn.runs.get("7"))

    assert isinstance(error, StateMisfit)
    assert error.code == "state_damaged"
    assert "backup" in error.remedy


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE runs SET state = 'levitating'",
        "UPDATE runs SET enqueued_at = 'yesterday'",
        "UPDATE runs SET enqueued_at = '2026-11-22T12:00:00'",
        "UPDATE runs SET seal = '{'",
        """UPDATE runs SET seal = '{"window":{}}'""",
        "UPDATE runs SET seal = '[]'",
        """UPDATE runs SET problem = '{"code":"c"}'""",
        "UPDATE runs SET problem = '7'",
        "UPDATE runs SET first_day = 'Sunday'",
        "UPDATE runs SET outcome = 'so so'",
    ],
)
def test_a_row_that_nobody_like_this_program_wrote_is_refused(
    state_files: StateFiles, change: str
) -> None:
    state = state_files.open_state()
    with state.turn() as turn:
        turn.runs.add(a_full_run("r"))
    with state_files.open().writing() as connection:
        connection.execute(text(change.replace(":", r"\:")))

    error = failure(state, lambda turn: turn.runs.get("r"))

    assert isinstance(error, StateMisfit)
    assert error.code == "state_unreadable_row"
    assert "in the table runs" in error.message
    assert ": id r." in error.message or "enqueued_at" in change or "first_day" in change
    assert "start with a new one" not in error.remedy


def test_text_that_is_none_is_damage(state_files: StateFiles) -> None:
    state = state_files.open_state()
    with state.turn() as turn:
        turn.runs.add(a_run("r"))
    with state_files.open().writing() as connection:
        connection.execute(text("UPDATE runs SET requested_by = CAST(x'ff' AS TEXT)"))

    assert failure(state, lambda turn: turn.runs.get("r")).code == "state_damaged"


def test_a_file_that_may_only_be_read_is_said_to_be_so() -> None:
    with ordinary_folder() as folder:
        file = folder / "state.db"
        with as_ordinary_account():
            database = StateDatabase(StateLocation(file))
            migrate(database)
            database.close()
            file.chmod(0o400)
            error = failure(SqlState(database, TableIntake), add_run("r"))
            database.close()

    assert isinstance(error, StateMisfit)
    assert error.code == "state_read_only"


@pytest.mark.parametrize(
    ("mode", "code"), [(0o500, "state_read_only"), (0o000, "state_cannot_open")]
)
def test_a_folder_that_is_closed_off_is_said_to_be_so(mode: int, code: str) -> None:
    with ordinary_folder() as folder, as_ordinary_account():
        database = StateDatabase(StateLocation(folder / "state.db"))
        migrate(database)
        database.close()
        folder.chmod(mode)
        error = failure(SqlState(database, TableIntake), add_run("r"))
        database.close()
        with pytest.raises(StateMisfit) as refused:
            migrate(StateDatabase(StateLocation(folder / "below" / "state.db")))

    assert isinstance(error, StateMisfit)
    assert (error.code, refused.value.code) == (code, "state_cannot_open")


def test_what_is_no_file_or_no_folder_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()

    for wrong in ("file/state.db", "file/below/state.db", "folder"):
        database = StateDatabase(StateLocation(tmp_path / wrong))
        with pytest.raises(StateMisfit) as refused:
            migrate(database)
        assert refused.value.code == "state_cannot_open"
        assert failure(SqlState(database, TableIntake), add_run("r")).code == "state_cannot_open"


def test_a_file_that_is_taken_away_is_missing_and_not_made_anew(state_files: StateFiles) -> None:
    state = state_files.open_state()
    assert ids(state) == []
    state_files.file.unlink()

    assert failure(state, add_run("r")).code == "state_missing"
    assert not state_files.file.exists()


def test_to_connect_makes_no_file_either(tmp_path: Path) -> None:
    # It may be taken away after it was looked for.
    engine = open_engine(tmp_path / "state.db", busy_timeout_seconds=1)

    with pytest.raises(OperationalError):
        engine.connect()

    assert list(tmp_path.iterdir()) == []


def test_the_other_process_speaks_the_language_of_the_file(state_files: StateFiles) -> None:
    state_files.open().close()
    with another_process(state_files.file, "BEGIN") as other:
        other.communicate("")

    with closing(sqlite3.connect(state_files.file)) as connection:
        rows = connection.execute("SELECT id FROM queued").fetchall()
    assert rows == [("of the other process",)]
