"""What the program relies on inside the library of the durable engine.

A new version of it must pass these before it is taken in: they hold the private parts and the
tables that ``inside.py`` and ``looking.py`` of ``adapters/outbound/dbos`` touch.
"""

import base64
import pickle
import sqlite3
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from dbos import DBOS, _core
from dbos._schemas.system_database import SystemSchema
from loguru import logger
from sqlalchemy import URL, event

from aegis_batch.adapters.outbound.dbos import inside
from aegis_batch.adapters.outbound.dbos.engine import open_engine, prepare_engine_tables
from aegis_batch.adapters.outbound.dbos.naming import APPLICATION, VERSION, WORKFLOW
from aegis_batch.adapters.outbound.dbos.retention import EndedWorkTidier, forget_ended_work
from aegis_batch.adapters.outbound.dbos.work_queue import QueueSettings
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.application.ports.work_queue import LANES
from tests.integration.work_places import (
    ONE_A_LANE,
    DbosPlace,
    Performed,
    dbos_place,
    reached,
    work,
)

_ROOT = Path(__file__).parents[2]
_LOUD_AS_CAN_BE = """
import logging, sys
from pathlib import Path
from tests.integration.work_places import Performed, dbos_place, work

heard = []
ear = logging.Handler()
ear.emit = heard.append
logging.getLogger().addHandler(ear)
place = dbos_place(Path(sys.argv[1]))
place.queue.start(Performed().carry_out)
with place.turn() as intake:
    intake.enqueue(work("work"))
place.settle()
logging.getLogger("dbos").critical("to nobody")
place.close()
print("heard:", heard)
"""
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        """Say what is called to make it anew."""
        return (Path.touch, (self._file,))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DbosPlace]:
    made = dbos_place(tmp_path)
    yield made
    made.close()


def _set(place: DbosPlace, work_id: str, **values: object) -> None:
    connection = sqlite3.connect(place.file)
    try:
        names = ", ".join(f"{name} = ?" for name in values)
        connection.execute(
            f"UPDATE workflow_status SET {names} WHERE workflow_uuid = ?",
            (*values.values(), work_id),
        )
        connection.commit()
    finally:
        connection.close()


def _set_all(place: DbosPlace, **values: object) -> None:
    connection = sqlite3.connect(place.file)
    names = ", ".join(f"{name} = ?" for name in values)
    with connection:
        connection.execute(f"UPDATE workflow_status SET {names}", tuple(values.values()))
    connection.close()


def _state_of(place: DbosPlace, work_id: str) -> object:
    ((state,),) = place.rows("SELECT status FROM workflow_status WHERE workflow_uuid = ?", work_id)
    return state


def _forget_the_library() -> None:
    # Where work was handed back, the queue leaves it as it is: the process should end.
    DBOS.destroy(destroy_registry=True)


def _queue(place: DbosPlace, *work_ids: str) -> None:
    with place.turn() as intake:
        for work_id in work_ids:
            intake.enqueue(work(work_id))


def test_the_version_is_the_one_that_these_tests_were_written_for() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]

    assert "dbos==3.4.0" in project["dependencies"]
    assert version("dbos") == "3.4.0"


def test_every_column_that_is_touched_is_one_of_the_librarys(place: DbosPlace) -> None:
    touched = set(inside._rows(place.engine).c.keys())  # noqa: SLF001 - what is under test
    in_the_file = {row[1] for row in place.rows("PRAGMA table_info(workflow_status)")}

    assert touched <= set(SystemSchema.workflow_status.c.keys())
    assert touched <= in_the_file


def test_work_is_queued_under_names_that_stay(place: DbosPlace) -> None:
    _queue(place, "work")

    assert place.rows(
        "SELECT name, application_name, application_version, queue_name, priority, status,"
        " recovery_attempts, serialization FROM workflow_status"
    ) == [("carry_out", "aegis-batch", "1", "closes", 100, "ENQUEUED", 0, "portable_json")]
    assert (WORKFLOW, APPLICATION, VERSION) == ("carry_out", "aegis-batch", "1")


def test_rows_of_other_applications_executors_and_states_are_not_handed_back(
    place: DbosPlace,
) -> None:
    _queue(place, "ours", "anothers", "foreign", "waiting", "ended")
    for work_id in ("ours", "anothers", "foreign"):
        _set(place, work_id, status="PENDING", executor_id="tester", owner_xid="token")
    _set(place, "anothers", executor_id="another")
    _set(place, "foreign", application_name="foreign")
    _set(place, "ended", status="SUCCESS", executor_id="tester")

    assert inside.hand_back(place.engine, "tester") == ["ours"]

    assert place.rows(
        "SELECT workflow_uuid, owner_xid, priority FROM workflow_status WHERE status = 'ENQUEUED'"
        " ORDER BY 1"
    ) == [("ours", None, 0), ("waiting", None, 100)]
    assert inside.hand_back(place.engine, None) == ["anothers"]


def test_what_was_begun_once_is_not_withdrawn(place: DbosPlace) -> None:
    _queue(place, "begun")
    _set(place, "begun", recovery_attempts=1)

    with place.turn() as intake:
        intake.withdraw("begun")

    assert _state_of(place, "begun") == "ENQUEUED"


@pytest.mark.parametrize("state", _ENDED)
def test_whatever_has_ended_is_lost(place: DbosPlace, state: str) -> None:
    _queue(place, "ended")
    _set(place, "ended", status=state)

    assert list(place.queue.lost(["ended"])) == ["ended"]


@pytest.mark.parametrize(
    "strange",
    [{"queue_name": "elsewhere"}, {"application_version": "0"}, {"application_name": "foreign"}],
)
def test_what_no_queue_of_ours_would_take_is_lost(
    place: DbosPlace, strange: dict[str, object]
) -> None:
    _queue(place, "stranded")
    _set(place, "stranded", **strange)

    assert list(place.queue.lost(["stranded"])) == ["stranded"]


def test_what_this_process_took_long_ago_and_is_not_at_is_lost_until_the_next_start(
    place: DbosPlace,
) -> None:
    performed = Performed()
    place.queue.start(performed.carry_out)
    _queue(place, "stranded", "just-taken", "anothers")
    place.settle()
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    for work_id in ("stranded", "just-taken", "anothers"):
        _set(place, work_id, status="PENDING", executor_id="tester", started_at_epoch_ms=now_ms)
    _set(place, "stranded", started_at_epoch_ms=now_ms - 120_000)
    _set(place, "anothers", started_at_epoch_ms=now_ms - 120_000, executor_id="another")
    all_three = ["stranded", "just-taken", "anothers"]

    assert list(place.queue.lost(all_three)) == ["stranded"]

    # It holds up no stopping, and is taken up again.
    began_seconds = time.monotonic()
    assert sorted(place.queue.stop(120)) == ["just-taken", "stranded"]
    assert time.monotonic() - began_seconds < 60
    assert list(place.queue.lost(all_three)) == []
    _forget_the_library()
    place.queue.start(performed.carry_out)
    place.settle()
    assert performed.counts == {"stranded": 2, "just-taken": 2, "anothers": 2}


def test_work_that_broke_its_process_off_too_often_is_given_up(place: DbosPlace) -> None:
    performed = Performed()
    _queue(place, "last-time", "too-often")
    _set(place, "last-time", recovery_attempts=20)
    _set(place, "too-often", recovery_attempts=21)
    place.queue.start(performed.carry_out)
    place.settle()

    assert performed.ids == ["last-time"]
    assert _state_of(place, "too-often") == "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
    assert list(place.queue.lost(["too-often"])) == ["too-often"]


@pytest.mark.parametrize("content", ["pickle", "{", "null", '{"positionalArgs": [1]}'])
def test_what_can_not_be_read_is_lost_and_nothing_is_unpickled_or_printed(
    place: DbosPlace, tmp_path: Path, content: str, capfd: pytest.CaptureFixture[str]
) -> None:
    performed = Performed()
    trap = tmp_path / "sprung"
    _queue(place, "unreadable", "sound")
    if content == "pickle":
        _set(place, "unreadable", serialization="py_pickle")
        content = base64.b64encode(pickle.dumps(Trap(trap))).decode()
    connection = sqlite3.connect(place.file)
    connection.execute(
        "UPDATE workflow_input SET inputs = ? WHERE workflow_uuid = 'unreadable'", (content,)
    )
    connection.commit()
    connection.close()
    place.queue.start(performed.carry_out)
    reached(lambda: _state_of(place, "unreadable") == "ERROR", "it has been given up")
    place.settle()

    assert performed.ids == ["sound"]
    assert list(place.queue.lost(["unreadable"])) == ["unreadable"]
    assert not trap.exists()
    assert capfd.readouterr() == ("", "")


def test_the_library_writes_nothing_anywhere(tmp_path: Path) -> None:
    # In a process of its own: here pytest listens to every logger.
    ended = subprocess.run(
        [sys.executable, "-c", _LOUD_AS_CAN_BE, str(tmp_path)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert (ended.stdout, ended.stderr) == ("heard: []\n", "")


def test_a_stopped_queue_leaves_no_thread(place: DbosPlace) -> None:
    before = set(threading.enumerate())
    place.queue.start(Performed().carry_out)
    _queue(place, "work")
    place.settle()
    taking = [thread.name for thread in threading.enumerate()]
    place.queue.stop(1)

    assert {f"queue-worker-{lane.name}" for lane in LANES} <= set(taking)
    reached(lambda: set(threading.enumerate()) <= before, "every thread has ended")


def test_whatever_ends_makes_room_for_the_next_at_once(tmp_path: Path) -> None:
    settings = QueueSettings(executor="tester", concurrency=ONE_A_LANE, polling_seconds=1.0)
    place = DbosPlace(StateLocation(tmp_path / "state.sqlite3"), settings)
    performed = Performed()
    ids = [f"work-{number}" for number in range(6)]
    _queue(place, *ids)
    place.queue.start(performed.carry_out)
    place.settle()
    place.close()

    began = [performed.began_at(each) for each in ids]
    # One a look would take five seconds.
    assert max(began) - min(began) < timedelta(seconds=3)


def test_what_was_taken_counts_before_its_thread_has_begun_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = QueueSettings(executor="tester", concurrency=ONE_A_LANE, polling_seconds=0.01)
    place = DbosPlace(StateLocation(tmp_path / "state.sqlite3"), settings)
    performed = Performed()
    _queue(place, "first", "second")
    begin: Callable[..., object] = _core._execute_workflow_wthread  # noqa: SLF001 - see above
    may_begin = threading.Event()

    def begin_late(*arguments: object) -> object:
        assert may_begin.wait(60)
        return begin(*arguments)

    monkeypatch.setattr(_core, "_execute_workflow_wthread", begin_late)
    looks = 0

    @event.listens_for(place.engine, "before_cursor_execute")
    def note(*what: object) -> None:
        nonlocal looks
        looks += "FROM main.queues" in str(what[2])

    def taken() -> int:
        return len(place.rows("SELECT 1 FROM workflow_status WHERE status = 'PENDING'"))

    place.queue.start(performed.carry_out)
    reached(lambda: taken() > 0, "the first is taken")
    looks = 0
    reached(lambda: looks > 50, "it has been looked again, often")
    taken_then = taken()
    may_begin.set()
    place.settle()
    place.close()

    assert taken_then == 1
    assert sorted(performed.ids) == ["first", "second"]


def test_at_rest_the_database_is_asked_for_little_more_than_the_queues(tmp_path: Path) -> None:
    settings = QueueSettings(executor="tester", concurrency=ONE_A_LANE, polling_seconds=3_600)
    place = DbosPlace(StateLocation(tmp_path / "state.sqlite3"), settings)
    asked: list[str] = []

    @event.listens_for(place.engine, "before_cursor_execute")
    def note(*what: object) -> None:
        asked.append(str(what[2]))

    place.queue.start(Performed().carry_out)
    # It looks for new queues each second, which can't be changed: a clock for this test.
    reached(
        lambda: sum("FROM main.queues" in text for text in asked) > 12, "some seconds have passed"
    )
    at_rest = list(asked)
    place.close()

    # One statement for what was broken off, one for what is due, and one for what is too late.
    assert sum("workflow_status SET" in text for text in at_rest) == 3
    assert not [text for text in at_rest if "WHERE main.workflow_status.queue_name =" in text]


def test_no_more_than_a_few_rows_are_forgotten_at_once(place: DbosPlace) -> None:
    ids = [f"work-{number}" for number in range(7)]
    _queue(place, *ids, "waiting", "recent", "under-way")
    long_ago_ms = int((datetime.now(UTC) - timedelta(days=40)).timestamp() * 1000)
    for number, work_id in enumerate(ids):
        _set(place, work_id, status=_ENDED[number % 4], completed_at=long_ago_ms)
    _set(place, "recent", status="SUCCESS", completed_at=long_ago_ms + 20 * 86_400_000)
    _set(place, "under-way", status="PENDING", completed_at=long_ago_ms)
    before = datetime.now(UTC) - timedelta(days=30)

    assert forget_ended_work(place.desk, before, batch=2, batches=2) == 4
    assert forget_ended_work(place.desk, before, batch=2, batches=2) == 3
    assert forget_ended_work(place.desk, before) == 0

    kept = [("recent",), ("under-way",), ("waiting",)]
    assert place.rows("SELECT workflow_uuid FROM workflow_status ORDER BY 1") == kept
    assert place.rows("SELECT workflow_uuid FROM workflow_input ORDER BY 1") == kept


def test_what_ended_over_a_week_ago_is_tidied_away_until_none_is_left(place: DbosPlace) -> None:
    ids = [f"work-{number}" for number in range(1_001)]
    _queue(place, *ids, "recent", "waiting")
    now = datetime.now(UTC)
    ended_ms = int((now - timedelta(days=7, minutes=1)).timestamp() * 1000)
    _set_all(place, status="SUCCESS", completed_at=ended_ms)
    _set(place, "recent", completed_at=ended_ms + 120_000)
    _set(place, "waiting", status="ENQUEUED", completed_at=None)
    tidier = EndedWorkTidier(place.desk, lambda: now)

    assert tidier.tidy()
    assert not tidier.tidy()

    kept = [("recent",), ("waiting",)]
    assert place.rows("SELECT workflow_uuid FROM workflow_status ORDER BY 1") == kept


def test_tidying_up_that_fails_is_logged_and_raises_nothing(place: DbosPlace) -> None:
    lines: list[str] = []
    _queue(place, "work")
    connection = sqlite3.connect(place.file)
    connection.execute("DROP TABLE workflow_status")
    connection.close()

    logger.remove()
    logger.add(lines.append, format="{extra[event]} {extra[code]}")
    try:
        assert not EndedWorkTidier(place.desk, lambda: datetime.now(UTC)).tidy()
        assert not EndedWorkTidier(place.desk, set[datetime]().pop).tidy()
    finally:
        logger.remove()

    assert [line.partition(" ")[0] for line in lines] == ["work.not_forgotten"] * 2
    assert lines[0].partition(" ")[2].startswith("state_")
    assert lines[1].strip().endswith("defect KeyError")


def test_tables_are_prepared_by_several_at_once_and_any_number_of_times(tmp_path: Path) -> None:
    file = tmp_path / "100%? state.sqlite3"
    file.touch()
    url = URL.create("sqlite", database=str(file))
    engines = [open_engine(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(prepare_engine_tables, engines))
    for engine in engines:
        prepare_engine_tables(engine)
        engine.dispose()

    connection = sqlite3.connect(file)
    assert connection.execute("SELECT count(*) FROM dbos_migrations").fetchone() == (1,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_the_library_is_not_imported_before_there_is_work() -> None:
    modules = ("engine", "errors", "retention", "work_intake", "work_queue")
    package = "aegis_batch.adapters.outbound.dbos"
    lines = [f"import {package}.{module}" for module in modules]
    lines += ["import sys", "assert 'dbos' not in sys.modules"]

    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)
