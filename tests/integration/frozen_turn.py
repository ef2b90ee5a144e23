"""A process that is frozen within a turn on a state that several share."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["FrozenTurn", "frozen_in_a_turn"]

_SCRIPT = """
import os, sys
from contextlib import contextmanager
from datetime import UTC, datetime
from sqlalchemy import text
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.application.ports.executors import Executor
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.state import open_database
from aegis_batch.domain.errors import StateUnavailable
from tests.integration.state_records import a_run

with contextmanager(open_database)(load_settings(os.environ)) as database:
    state = SqlState(database, lambda connection: None)
    with state.turn() as turn:
        now = datetime.now(UTC)
        for name in ("frozen", "other"):
            turn.executors.register(
                Executor(
                    name=name,
                    role="hand",
                    version="0",
                    started_at=now,
                    beaten_at=now,
                    lease_seconds=60,
                )
            )
        tokens = turn.leases.take({"close/a": 0}, "frozen")
        assert tokens
    try:
        with database.writing() as connection:
            connection.execute(text("CREATE TABLE half_done (id integer)"))
            print("within", flush=True)
            if sys.argv[1] == "mid-answer":
                # So much that it can't be on its way until somebody takes it in.
                much = "SELECT repeat('x', 1000000), pg_sleep(0.02) FROM generate_series(1, 100)"
                connection.execute(text(much)).all()
            sys.stdin.readline()
            connection.execute(text("SELECT 1"))
        print("kept", flush=True)
    except StateUnavailable as error:
        print(error.code, flush=True)
    with state.turn() as turn:
        turn.runs.add(a_run("awake"))
        print(sorted(turn.leases.held(tokens, "frozen")), flush=True)
"""


class FrozenTurn:
    """The process, which is stopped and holds the lock of all turns until its server ends it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def wake(self) -> list[str]:
        """Let it go on to its end, and return what it says: how its turn ended, what it holds."""
        self._process.send_signal(signal.SIGCONT)
        out, _ = self._process.communicate("\n", timeout=60)
        return out.split("\n")[:-1]


@contextmanager
def frozen_in_a_turn(settings: Mapping[str, str], *, is_answered: bool) -> Iterator[FrozenTurn]:
    """Freeze a process in a turn: at rest, or in the middle of a large answer."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, "mid-answer" if is_answered else "at-rest"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], **settings},
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "within\n"
        process.send_signal(signal.SIGSTOP)
        yield FrozenTurn(process)
    finally:
        process.kill()
        process.communicate()
