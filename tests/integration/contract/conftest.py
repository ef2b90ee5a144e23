"""What contract suites run over: states in memory and in a file, and their queues of work."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.state import State
from tests.integration.work_places import InMemoryPlace, Performed, WorkPlace, dbos_place

if TYPE_CHECKING:
    from tests.integration.state_files import StateFiles


@pytest.fixture(params=["memory", "sqlite"])
def state(request: pytest.FixtureRequest) -> State:
    """A state without anything in it."""
    if request.param == "memory":
        return InMemoryState(InMemoryWorkQueue())
    files: StateFiles = request.getfixturevalue("state_files")
    return files.open_state()


@pytest.fixture(params=["dbos", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkPlace]:
    """A queue of work without anything in it."""
    made = dbos_place(tmp_path) if request.param == "dbos" else InMemoryPlace()
    yield made
    made.close()


@pytest.fixture
def performed() -> Performed:
    """What is carried out, which is nothing so far."""
    return Performed()
