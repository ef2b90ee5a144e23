"""A place with a control plane: two tenants, a service, and a process that serves on PostgreSQL."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.integration.serving_place import Serving
from tests.integration.state_servers import copied_database
from tests.integration.tenants_place import TenantsPlace, open_tenants_place
from tests.servers.ground import wait_until
from tests.servers.postgres import Database

__all__ = [
    "INTERNAL_KEY",
    "JWT_KEY",
    "TOKENS",
    "ControlPlane",
    "Service",
    "open_control_plane",
    "open_service",
    "token",
    "two_databases",
]

INTERNAL_KEY = "an internal key of the tests"
JWT_KEY = "a secret of the tests that is long enough"
_ISSUER, _AUDIENCE = "https://issuer.example", "aegis-batch"
# The settings by which tokens are taken.
TOKENS = {
    "AEGIS_CONTROL_JWT_KEY": JWT_KEY,
    "AEGIS_CONTROL_JWT_ISSUER": _ISSUER,
    "AEGIS_CONTROL_JWT_AUDIENCE": _AUDIENCE,
}
_PATIENCE_SECONDS = 30.0
_STOPPED = 143


class Service(ThreadingHTTPServer):
    """A service that jobs call; it answers by the path, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str, str]] = []
        # What "/gate" waits for before it answers.
        self.gate = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing of whoever is gone before it is answered."""


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        tenant = self.headers.get("X-TENANT-ID", "")
        self.server.heard.append((self.path, body, tenant, self.headers["Idempotency-Key"]))
        if self.path == "/gate":
            self.server.gate.wait(_PATIENCE_SECONDS)
        answer = b'{"done":true}'
        status = self.path.rpartition("/")[2]
        self.send_response(int(status) if status.isdigit() else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815 - the same

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as the library declares it
        pass


def token(scope: str = "admin", *, key: str = JWT_KEY, **claims: Any) -> str:  # noqa: ANN401 - of many types
    """Return a token that is good for all tenants, unless claims say otherwise."""
    content = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": "ana",
        "exp": int(time.time()) + 600,
        "scope": scope,
        "tenant": "*",
        **claims,
    }
    kept = {name: value for name, value in content.items() if value is not None}
    return jwt.encode(kept, key, algorithm="HS256")


@dataclass
class ControlPlane:
    """A control plane that listens, and a client of it."""

    place: TenantsPlace
    serving: Serving
    service: Service
    url: str
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        """Open a client that is let in by nothing."""
        self.client = httpx.Client(base_url=self.url, timeout=_PATIENCE_SECONDS, trust_env=False)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        scope: str = "admin",
        headers: dict[str, str] | None = None,
        **claims: Any,  # noqa: ANN401 - of many types
    ) -> httpx.Response:
        """Make a request with a token."""
        own = {"Authorization": f"Bearer {token(scope, **claims)}", **(headers or {})}
        return self.client.request(method, path, json=body, headers=own)

    def define(self, name: str, **fields: object) -> dict[str, Any]:
        """Make a job of the north that calls the service, but not by itself."""
        body = {
            "nome_job": name,
            "tenant_id": "north",
            "servico_alvo": "resultados",
            "endpoint_execucao": "/run",
            **fields,
        }
        answer = self.ask("POST", "/scheduler/jobs", body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def execution(self, run_id: str) -> dict[str, Any]:
        """Wait for the end of an execution, and return it."""
        found: dict[str, Any] = {}

        def has_ended() -> bool:
            found.update(self.ask("GET", f"/scheduler/execucoes/{run_id}").json())
            return found["fim_execucao"] is not None

        wait_until(has_ended, what=f"the end of {run_id}", timeout_seconds=_PATIENCE_SECONDS)
        return found

    def audit(self) -> list[dict[str, Any]]:
        """Return the audit, newest first."""
        told = self.place.run("audit", "--limit", "1000", "--output", "json").told
        entries: list[dict[str, Any]] = told["entries"]
        return entries


@contextmanager
def open_service(folder: Path) -> Iterator[tuple[Service, Path]]:
    """Provide the service, and the file that registers it as ``resultados``."""
    service = Service()
    thread = threading.Thread(target=service.serve_forever, args=(0.02,))
    thread.start()
    services = folder / "services.toml"
    services.write_text(
        f'[[service]]\nname = "resultados"\nbase_url = "http://127.0.0.1:{service.server_port}"\n'
    )
    try:
        yield service, services
    finally:
        service.gate.set()
        service.shutdown()
        thread.join()
        service.server_close()


@contextmanager
def two_databases(template: Database, name: str) -> Iterator[tuple[Database, Database]]:
    """Provide an empty database for orders, and one for a state; take both away at the end."""
    server = template.server
    server.revive()
    orders = Database(server, f"{name}_orders")
    server.create_database(orders.name)
    state = copied_database(template, f"{name}_state")
    yield orders, state
    server.revive()
    server.drop_database(orders.name)
    server.drop_database(state.name)


@contextmanager
def open_control_plane(
    folder: Path, orders: Database, state: Database, **more: str
) -> Iterator[ControlPlane]:
    """Provide the place, and a process that serves and listens in it."""
    with open_service(folder) as (service, services):
        settings = {
            "AEGIS_STATE_URL": state.dsn(),
            # No night comes in between.
            "AEGIS_SCHEDULE_CRON": "0 0 0 1 1 *",
            "AEGIS_SERVICES_FILE": str(services),
            "AEGIS_CONTROL_ENABLED": "true",
            "AEGIS_CONTROL_PORT": "0",
            **TOKENS,
            "INTERNAL_JOBS_KEY": INTERNAL_KEY,
            "AEGIS_BACKFILL_MAX_ACTIVE": "8",
            "AEGIS_CONTROL_DELAY_SECONDS_MAX": "0.01",
            **more,
        }
        with (
            open_tenants_place(folder, orders, **settings) as place,
            place.serving() as serving,
        ):
            [line] = serving.wait_for("control.listening")
            serving.wait_for("serve.started")
            plane = ControlPlane(place, serving, service, f"http://127.0.0.1:{line['port']}")
            yield plane
            plane.client.close()
            service.gate.set()
            assert serving.stop() == _STOPPED
