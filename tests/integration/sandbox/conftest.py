"""A stand-in Backend for one test, and a client that knows its token."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from tests.integration.closing import TOKEN
from tests.integration.sandbox.requests import HEADERS


@pytest.fixture
def lines() -> list[str]:
    """What the sandbox writes about requests."""
    return []


@pytest.fixture
def sandbox(tmp_path: Path, lines: list[str]) -> Iterator[SandboxServer]:
    """A server with an empty store."""
    server = SandboxServer(tmp_path / "reports.db", TOKEN, on_access=lines.append)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    """A client whose requests carry the token."""
    with httpx.Client(base_url=sandbox.url, headers=HEADERS, trust_env=False) as client:
        yield client
