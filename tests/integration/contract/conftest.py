"""The states that each contract suite runs over: in memory, and in a file."""

from typing import TYPE_CHECKING

import pytest

from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.state import State

if TYPE_CHECKING:
    from tests.integration.state_files import StateFiles


@pytest.fixture(params=["memory", "sqlite"])
def state(request: pytest.FixtureRequest) -> State:
    """A state without anything in it."""
    if request.param == "memory":
        return InMemoryState(InMemoryWorkQueue())
    files: StateFiles = request.getfixturevalue("state_files")
    return files.open_state()
