"""How long a test may take that waits for an attempt to end in time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aegis_batch.domain.errors import BackendUnavailable
from tests.integration.closing import closing_over, connect, run_of

TIMEOUT_SECONDS = 0.5
# Far more than the time-out, and far less than any of the slow servers takes.
PATIENCE_SECONDS = 3.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@contextmanager
def in_time() -> Iterator[None]:
    """Assert that what is done here ends soon, well or badly."""
    started_seconds = time.monotonic()
    try:
        yield
    finally:
        assert time.monotonic() - started_seconds < PATIENCE_SECONDS


def find_at(url: str, code: str) -> None:
    """Find a report in one attempt, and see it fail in time with a code."""
    with (
        closing_over(connect(url, timeout_seconds=TIMEOUT_SECONDS)) as closing,
        pytest.raises(BackendUnavailable) as caught,
        in_time(),
    ):
        closing.gateway.find(run_of(), once=True)
    assert caught.value.code == code
