"""What goes wrong with the state database is told in the program's own errors."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from loguru import logger
from sqlalchemy import create_engine, exc

from aegis_batch.adapters.outbound.dbos.engine import open_engine
from aegis_batch.adapters.outbound.dbos.errors import state_errors
from aegis_batch.adapters.outbound.dbos.work_intake import DbosIntakeDesk
from aegis_batch.adapters.outbound.dbos.work_queue import DbosWorkQueue, QueueSettings
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.application.ports.work_intake import WorkIntake
from aegis_batch.domain.errors import StateMisfit, StateUnavailable
from tests.integration.work_places import (
    ONE_A_LANE,
    DbosPlace,
    Performed,
    dbos_place,
    state_engine,
    work,
)
from tests.servers.ground import wait_until

if TYPE_CHECKING:
    from loguru import Record

_SETTINGS = QueueSettings(executor="tester", concurrency=ONE_A_LANE)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DbosPlace]:
    made = dbos_place(tmp_path)
    yield made
    made.close()


def _start(file: Path) -> None:
    engine = open_engine(StateLocation(file).url, lock_wait_seconds=0.05)
    queue = DbosWorkQueue(engine, _SETTINGS)
    try:
        queue.start(Performed().carry_out)
    finally:
        queue.stop(0)
        engine.dispose()


def _queue_very_much(intake: WorkIntake) -> None:
    for number in range(10_000):
        intake.enqueue(work(f"work-{number}-{'x' * 150}"))


def test_a_locked_database_is_told_in_bounded_time_and_the_start_may_be_tried_again(
    place: DbosPlace,
) -> None:
    locker = sqlite3.connect(place.file, isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateUnavailable) as caught:
        _start(place.file)
    locker.execute("ROLLBACK")
    locker.close()

    assert caught.value.code == "state_locked"
    performed = Performed()
    with place.turn() as intake:
        intake.enqueue(work("after-it"))
    place.queue.start(performed.carry_out)
    place.settle()
    assert performed.ids == ["after-it"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StateUnavailable("state_locked", "Locked.", "Wait."), ("work.broken_off", "WARNING")),
        (ZeroDivisionError(), ("work.defect", "ERROR")),
    ],
)
def test_work_that_broke_off_is_told_as_what_it_is_and_found_for_who_queues_it_anew(
    place: DbosPlace, error: Exception, told: tuple[str, str]
) -> None:
    lines: list[Record] = []
    sink = logger.add(lambda line: lines.append(line.record), level="WARNING")

    def carry_out(_: str, __: str) -> None:
        raise error

    with place.turn() as intake:
        intake.enqueue(work("in-vain"))
    place.queue.start(carry_out)
    place.settle()
    logger.remove(sink)

    [line] = lines
    assert (line["extra"]["event"], line["level"].name) == told
    assert line["message"].endswith(("is queued anew", "is queued anew a few times"))
    assert line["extra"]["runId"] == "run-of-in-vain"
    # The engine notes how work ended after it has.
    wait_until(
        lambda: list(place.queue.lost(["in-vain"])) == ["in-vain"],
        what="work that broke off to be found",
        timeout_seconds=30,
    )


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite3"
    file.write_bytes(b"no database at all" * 500)

    with pytest.raises(StateMisfit) as caught:
        _start(file)

    assert caught.value.code == "state_no_database"


def test_a_damaged_database_is_told(place: DbosPlace) -> None:
    # With the last connection the write-ahead log goes into the file.
    place.close()
    with place.file.open("r+b") as file:
        # The first page stays, which says what the file is.
        file.seek(4096)
        file.write(b"\xff" * (place.file.stat().st_size - 4096))

    with pytest.raises(StateMisfit) as caught:
        _start(place.file)

    assert caught.value.code == "state_damaged"


def test_a_file_that_is_gone_does_not_come_back_empty(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite3"

    with pytest.raises(StateMisfit) as caught:
        _start(file)

    assert caught.value.code == "state_cannot_open"
    assert not file.exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateMisfit) as caught:
        _start(tmp_path / "away" / "state.sqlite3")

    assert caught.value.code == "state_cannot_open"


def test_queueing_before_the_tables_are_there_is_told_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite3"
    file.touch()
    desk = DbosIntakeDesk(open_engine(StateLocation(file).url))
    engine = state_engine(file)
    with engine.connect() as connection:
        intake = desk.intake_of(connection)
        with pytest.raises(StateMisfit) as caught:
            intake.enqueue(work("early"))
        with pytest.raises(StateMisfit):
            intake.withdraw("early")
    engine.dispose()

    assert caught.value.code == "state_misfit"
    assert "state migrate" in caught.value.remedy


def test_a_full_disk_is_told_and_nothing_is_queued_by_halves(place: DbosPlace) -> None:
    engine = create_engine(f"sqlite:///{place.file}")
    with engine.connect() as connection:
        # As if not a page more fitted.
        (pages,) = connection.exec_driver_sql("PRAGMA page_count").one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StateUnavailable) as caught:
            _queue_very_much(place.desk.intake_of(connection))
        connection.rollback()
    engine.dispose()

    assert caught.value.code == "state_full"
    assert place.rows("SELECT count(*) FROM workflow_status") == [(0,)]
    assert place.rows("SELECT count(*) FROM workflow_input") == [(0,)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (exc.OperationalError("SELECT 1", {}, Exception("host=secret")), "state_away"),
        (exc.InterfaceError("SELECT 1", {}, Exception("host=secret")), "state_away"),
        (exc.TimeoutError("host=secret"), "state_away"),
        (exc.ProgrammingError("SELECT 1", {}, Exception("host=secret")), "state_misfit"),
        (
            exc.DatabaseError("SELECT 1", {}, Exception("secret"), connection_invalidated=True),
            "state_away",
        ),
    ],
)
def test_another_databases_errors_have_their_meaning_and_nothing_of_their_text(
    error: exc.SQLAlchemyError, code: str
) -> None:
    with pytest.raises((StateUnavailable, StateMisfit)) as caught, state_errors():
        raise error

    assert caught.value.code == code
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
