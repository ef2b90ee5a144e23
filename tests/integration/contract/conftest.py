"""What contract suites run over: states in memory, in a file and on a server, and their queues."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.state import State
from tests.integration.work_places import (
    InMemoryPlace,
    Performed,
    WorkPlace,
    dbos_place,
    server_place,
)

if TYPE_CHECKING:
    from tests.integration.state_files import StateFiles
    from tests.integration.state_servers import StateServers


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def state(request: pytest.FixtureRequest) -> State:
    """A state without anything in it."""
    if request.param == "memory":
        return InMemoryState(InMemoryWorkQueue())
    return opened(request).open_state()


@pytest.fixture(params=["sqlite", "postgresql"])
def stored(request: pytest.FixtureRequest) -> "StateFiles | StateServers":
    """What opens a state in a database, again and again."""
    return opened(request)


def opened(request: pytest.FixtureRequest) -> "StateFiles | StateServers":
    """Return what opens a state of the kind that the test is asked for."""
    kind = "state_files" if request.param == "sqlite" else "state_servers"
    made: StateFiles | StateServers = request.getfixturevalue(kind)
    return made


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkPlace]:
    """A queue of work without anything in it."""
    made: WorkPlace
    if request.param == "memory":
        made = InMemoryPlace()
    elif request.param == "sqlite":
        made = dbos_place(tmp_path)
    else:
        made = server_place(request.getfixturevalue("state_database"))
    yield made
    made.close()


@pytest.fixture
def performed() -> Performed:
    """What is carried out, which is nothing so far."""
    return Performed()
