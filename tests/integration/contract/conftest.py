"""The states that each contract suite runs over: in memory, and in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.state import State
from tests.integration.state_files import StateFiles, make_template


@pytest.fixture(scope="session")
def state_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    return make_template(tmp_path_factory.mktemp("state"))


@pytest.fixture
def state_files(state_template: Path, tmp_path: Path) -> Iterator[StateFiles]:
    """A file of the test's own."""
    files = StateFiles(state_template, tmp_path)
    yield files
    files.close()


@pytest.fixture(params=["memory", "sqlite"])
def state(request: pytest.FixtureRequest) -> State:
    """A state without anything in it."""
    if request.param == "memory":
        return InMemoryState(InMemoryWorkQueue())
    files: StateFiles = request.getfixturevalue("state_files")
    return files.open_state()
