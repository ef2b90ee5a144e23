"""Closing a day twice, or ten times at once, hands over one report."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from tests.integration.closing import TOKEN, Closing, closing_over, connect

_CLOSES = 10


@pytest.fixture
def lines() -> list[str]:
    """What the sandbox writes about requests."""
    return []


@pytest.fixture
def sandbox(tmp_path: Path, lines: list[str]) -> Iterator[SandboxServer]:
    server = SandboxServer(tmp_path / "reports.db", TOKEN, on_access=lines.append)
    server.start()
    yield server
    server.stop()


def test_closing_twice_makes_one_post(sandbox: SandboxServer, lines: list[str]) -> None:
    outcomes = []
    for _ in range(2):
        with closing_over(connect(sandbox.url)) as closing:
            outcomes.append(closing.close().outcome)

    assert outcomes == ["created", "already_closed"]
    assert lines == [
        "GET /reports/2026-11-21 404",
        "POST /internal/reports/daily 201",
        "GET /reports/2026-11-21 200",
    ]


@pytest.mark.parametrize("gateways", [1, _CLOSES])
@pytest.mark.parametrize("can_find", [True, False])
def test_of_ten_closes_at_once_one_creates_the_report(
    sandbox: SandboxServer, lines: list[str], gateways: int, *, can_find: bool
) -> None:
    start = Barrier(_CLOSES)

    def close(closing: Closing) -> str:
        start.wait()
        return closing.close().outcome

    with ExitStack() as stack, ThreadPoolExecutor(_CLOSES) as pool:
        closings = [
            stack.enter_context(closing_over(connect(sandbox.url), can_find=can_find))
            for _ in range(gateways)
        ]
        outcomes = Counter(pool.map(close, closings * (_CLOSES // gateways)))

    assert outcomes == {"created": 1, "already_closed": _CLOSES - 1}
    assert lines.count("POST /internal/reports/daily 201") == 1
