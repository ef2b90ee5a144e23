"""A place to serve in: a folder with a state of its own, processes, and what they log."""

import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aegis_batch.adapters.outbound.state.location import StateLocation
from tests.integration.closing import TOKEN
from tests.integration.forked import Process
from tests.integration.program import Ended, run, start
from tests.integration.shop import settings_for
from tests.servers.ground import wait_until
from tests.servers.postgres import Database

ZONE = ZoneInfo("America/Sao_Paulo")
PATIENCE_SECONDS = 60.0
Line = dict[str, Any]


def yesterday() -> date:
    """Return the business day that has ended last."""
    return datetime.now(UTC).astimezone(ZONE).date() - timedelta(days=1)


class Serving:
    """A process that serves, and the lines that it has logged so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.append(line.rstrip("\n"))

    @property
    def text(self) -> str:
        """All that it has written to standard error."""
        return "\n".join(self._lines)

    def events(self, name: str, **wanted: object) -> list[Line]:
        """Return the log lines of an event, with these values in them."""
        parsed = [json.loads(line) for line in list(self._lines) if line.startswith("{")]
        return [
            line
            for line in parsed
            if line["event"] == name and all(line.get(key) == wanted[key] for key in wanted)
        ]

    def wait_for(self, name: str, count: int = 1, **wanted: object) -> list[Line]:
        """Wait until an event has been logged so often, and return its lines."""
        found: list[Line] = []

        def is_there() -> bool:
            found[:] = self.events(name, **wanted)
            return len(found) >= count or self.process.poll() is not None

        wait_until(is_there, what=f"{name} {wanted}", timeout_seconds=PATIENCE_SECONDS)
        assert len(found) >= count, self.text
        return found

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for its end, and return its exit status."""
        status = self.process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        return status

    def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        self.signal(signal.SIGTERM)
        return self.end()


class Place:
    """Where processes serve one state, by settings that make nights come every two seconds."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.state = folder / "state.db"
        self.settings = {
            "AEGIS_STATE_URL": StateLocation(self.state).url,
            "AEGIS_EXECUTOR_ID": "kitchen",
            "AEGIS_OPERATOR": "ana",
            "AEGIS_SCHEDULE_CRON": "*/2 * * * * *",
            "AEGIS_CLOSE_FROM": yesterday().isoformat(),
            # What looks back would come in the middle of whatever runs at half past three.
            "AEGIS_VERIFY_DAYS": "0",
            "AEGIS_POLL_SECONDS": "0.2",
            "AEGIS_QUEUE_POLL_SECONDS": "0.2",
            "AEGIS_RETRY_SECONDS": "0.5",
            **settings,
        }

    @contextmanager
    def serving(
        self, module: str = "aegis_batch", command: Sequence[str] = ("serve",), **settings: str
    ) -> Iterator[Serving]:
        """Start a process that stays; kill it at the end, should it live."""
        process = start(list(command), {**self.settings, **settings}, self.folder, module)
        serving = Serving(process)
        try:
            yield serving
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait(PATIENCE_SECONDS)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def run(self, *arguments: str, **settings: str) -> Ended:
        """Run a command on the same state."""
        return run(arguments, {**self.settings, **settings}, self.folder)

    def health(self) -> tuple[int, Line]:
        """Ask for the health, and return exit status and answer."""
        ended = self.run("health", "--output", "json")
        assert ended.err == ""
        return ended.status, ended.told

    def runs(self, job: str = "close") -> list[Line]:
        """Return the runs of a kind, newest first."""
        found: list[Line] = self.run("runs", "--limit", "1000", "--output", "json").told["runs"]
        return [line for line in found if line["job"] == job]


def place_of(folder: Path, shop: Database, backend_url: str, **settings: str) -> Place:
    """Return a place whose processes close a shop's days."""
    return Place(folder, {**settings_for(shop, backend_url, TOKEN), **settings})


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Poll until something holds."""
    wait_until(condition, what=what, timeout_seconds=PATIENCE_SECONDS)
