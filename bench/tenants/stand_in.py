"""A Backend that has nothing and takes all, as fast as can be, and notes what it was sent.

nginx where there is one, else a small server of the bench's own; either in processes of its own.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figures, figures_of_report
from bench.rounds import WrongFiguresError
from bench.tenants.one_task import REPORTS
from tests.servers.ground import free_port, wait_until

__all__ = ["Answered", "StandIn", "hold", "requests_a_second", "running_stand_in"]

_TOKEN = "bench-token"  # noqa: S105 - made up, for a Backend on loopback
_PATIENCE_SECONDS = 30.0
# Debian keeps servers where an ordinary user's PATH doesn't look.
_PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
# What a request holds is there to be noted only where it is passed on: to the same process, over a
# socket that is a file.
_NGINX = """\
daemon off; user root; worker_processes 1; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 512; }}
http {{
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  client_body_buffer_size 64k; client_body_in_single_buffer on;
  keepalive_requests 100000000; keepalive_timeout 600s;
  log_format told escape=json
    '{{"at":$msec,"method":"$request_method","tenant":"$http_x_tenant_id","body":"$request_body"}}';
  access_log {log} told;
  upstream inner {{ server unix:{folder}/inner; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location /reports/ {{ return 404; }}
    location = {reports} {{
      proxy_pass http://inner; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
  server {{ listen unix:{folder}/inner; access_log off; location / {{ return 201; }} }}
}}
"""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered: when, and what it held."""

    at: float
    method: str
    tenant: str
    body: str


class StandIn:
    """A stand-in that runs, with what it has been sent so far."""

    def __init__(self, kind: str, port: int, log: Path) -> None:
        """Take what it is, its port, and the file with a line for each of its answers."""
        self.kind = kind
        self.port = port
        self._log = log
        self._read_bytes = 0
        self._submissions = 0

    @property
    def environ(self) -> dict[str, str]:
        """The settings by which a close finds it."""
        return {"BACKEND_BASE_URL": f"http://127.0.0.1:{self.port}", "X_SERVICE_TOKEN": _TOKEN}

    def submissions(self) -> int:
        """Return how many reports have been handed over so far; cheap, however many they are."""
        with self._log.open("rb") as log:
            log.seek(self._read_bytes)
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        self._submissions += whole.count(b'"method":"POST"')
        return self._submissions

    def answered(self) -> Sequence[Answered]:
        """Return all that it has answered."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [Answered(**json.loads(line)) for line in lines]


@contextmanager
def running_stand_in(folder: Path, *, own: bool = False) -> Iterator[StandIn]:
    """Start one that has been sent nothing yet, and stop it; its files are new ones in the folder.

    With ``own`` it isn't nginx even where there is one.
    """
    nginx = None if own else shutil.which("nginx", path=_PLACES)
    log, port = folder / "answers", free_port()
    if nginx is None:
        command = [sys.executable, "-m", "bench.tenants.small_server", str(port), str(log)]
    else:
        settings = folder / "nginx.conf"
        told = _NGINX.format(folder=folder, log=log, port=port, reports=REPORTS)
        settings.write_text(told, encoding="utf-8")
        command = [nginx, "-p", str(folder), "-e", "stderr", "-c", str(settings)]
    with (
        (folder / "stand-in.err").open("wb") as err,
        subprocess.Popen(  # noqa: S603 - without a shell
            command, stdin=subprocess.DEVNULL, stderr=err
        ) as process,
    ):
        try:
            wait_until(lambda: _answers(port), what=command[0], timeout_seconds=_PATIENCE_SECONDS)
            yield StandIn("nginx" if nginx else "a server of the bench's own", port, log)
        finally:
            process.terminate()
            process.wait(_PATIENCE_SECONDS)


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def requests_a_second(stand_in: StandIn, body: str, count: int) -> float:
    """Return how fast one plain loop on one connection hands reports over.

    What it takes from more connections at once is at least that.
    """
    head = f"POST {REPORTS} HTTP/1.1\r\nHost: x\r\nX-TENANT-ID: nobody\r\nContent-Length:"
    request = f"{head} {len(body)}\r\n\r\n{body}".encode()
    with socket.create_connection(("127.0.0.1", stand_in.port), _PATIENCE_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for _ in range(count):
            connection.sendall(request)
            if not connection.recv(65_536).startswith(b"HTTP/1.1 201 "):
                raise RuntimeError("the stand-in answered otherwise")
        return count / (time.perf_counter() - began)


def hold(way: str, answered: Sequence[Answered], expected: Mapping[str, Figures]) -> None:
    """Raise ``WrongFiguresError`` unless each tenant was handed over once, with its figures."""
    posts = [each for each in answered if each.method == "POST"]
    tenants = [each.tenant for each in posts]
    if sorted(tenants) != sorted(expected):
        doubled = len(tenants) - len(set(tenants))
        missing = sorted(expected.keys() - set(tenants))[:10]
        strange = sorted(set(tenants) - expected.keys())[:10]
        raise WrongFiguresError(
            f"{way} handed over {len(tenants)} reports of {len(expected)} tenants: {doubled}"
            f" doubled, missing {missing}, of nobody {strange}"
        )
    for each in posts:
        found = figures_of_report(each.body)
        if found != expected[each.tenant]:
            raise WrongFiguresError(
                f"{way} found {found} of {each.tenant}, not {expected[each.tenant]}"
            )
