"""AWS Secrets Manager as a server on loopback, which can also refuse, fail and hang."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["VaultStandIn", "open_vault"]

SECRET_ID = "prod/aegis-batch"
_PATIENCE_SECONDS = 30.0


class VaultStandIn(ThreadingHTTPServer):
    """It has one secret; ``answer`` is a status and a code that it fails with."""

    daemon_threads = True

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.answer: tuple[int, str] | None = None
        self.hangs = False
        self.gate = threading.Event()
        self.asked = 0
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing of whoever is gone before it is answered."""

    def settings(self, *names: str) -> dict[str, str]:
        """Return the settings of a process that asks it for some variables."""
        return {
            "AEGIS_SECRETS_FROM": "aws",
            "AEGIS_SECRETS_AWS_IDS": SECRET_ID,
            "AEGIS_SECRETS_NAMES": ",".join(names),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "sa-east-1",
            "AWS_MAX_ATTEMPTS": "1",
        }


class _Handler(BaseHTTPRequestHandler):
    server: VaultStandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked += 1
        if self.server.hangs:
            self.server.gate.wait(_PATIENCE_SECONDS)
            return
        status, told = self._answer(json.loads(body))
        answer = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, asked: dict[str, Any]) -> tuple[int, dict[str, object]]:
        assert self.headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
        if self.server.answer is not None:
            status, code = self.server.answer
            # As a careless server might: with a part of what it should not say.
            tails = [secret[-6:] for secret in self.server.secrets.values()]
            return status, {"__type": code, "message": " ".join(tails)}
        if asked["SecretId"] != SECRET_ID:
            return 400, {"__type": "ResourceNotFoundException", "message": "none"}
        return 200, {"Name": SECRET_ID, "SecretString": json.dumps(self.server.secrets)}

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as the library declares it
        pass


@contextmanager
def open_vault() -> Iterator[VaultStandIn]:
    """Provide the server until the end of the context."""
    vault = VaultStandIn()
    thread = threading.Thread(target=vault.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield vault
    finally:
        vault.gate.set()
        vault.shutdown()
        thread.join()
        vault.server_close()
