"""A service whose calls are counted by their keys."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_CALL_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the service has heard: from when until when, and under which key."""

    path: str
    key: str
    began: datetime
    ended: datetime


class CountedService(ThreadingHTTPServer):
    """A service that remembers its calls: one key is one effect, however often it comes.

    It refuses the first key that ``/broken`` hears, and is away for the first call of ``/shaky``.
    """

    daemon_threads = True

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._seen: dict[str, str] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing of whoever is gone before it is answered."""

    def answer(self, path: str, key: str) -> int:
        """Take a call, and return the status that answers it."""
        began = datetime.now(UTC)
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            is_first = path not in self._seen
            refused = self._seen.setdefault(path, key) == key
        time.sleep(_CALL_SECONDS)
        with self._lock:
            self._at_once -= 1
            self.calls.append(Call(path, key, began, datetime.now(UTC)))
        if path == "/broken" and refused:
            return 418
        return 503 if path == "/shaky" and is_first else 200

    def of(self, job: str) -> list[Call]:
        """Return the calls of a job."""
        return [call for call in self.calls if call.path == f"/{job}"]


class _Handler(BaseHTTPRequestHandler):
    server: CountedService

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self.server.answer(self.path, self.headers["Idempotency-Key"])
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as the library declares it
        pass


@contextmanager
def counted_service() -> Iterator[CountedService]:
    """Provide a service for as long as the context lasts."""
    service = CountedService()
    thread = threading.Thread(target=service.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()
