"""A PostgreSQL server of the demo's own, reached through a socket in the demo's folder alone."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg.rows import TupleRow

from aegis_batch.adapters.outbound.embedded.demo_folder import DemoFolder, lets_anyone_in
from aegis_batch.adapters.outbound.embedded.detached import Launch, has_ended, open_privately
from aegis_batch.adapters.outbound.embedded.postgres_programs import find_programs
from aegis_batch.adapters.outbound.embedded.uninterrupted import uninterrupted
from aegis_batch.domain.errors import OrdersUnreachable

__all__ = ["EmbeddedPostgres"]

_SUPERUSER = "postgres"
_DATABASE = "postgres"
_PASSWORD_BYTES = 24
_INITIALISE_SECONDS = 120.0
_START_SECONDS = 60.0
_POLL_SECONDS = 0.01
_LAST_WORDS_CHARACTERS = 300
_OWNER_ONLY = 0o700
# The data is gone with the demo, so nothing of it needs to survive a power cut.
_SERVER_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "20",
    "timezone": "UTC",
}


class EmbeddedPostgres:
    """A server with a superuser of its own; every user needs a password."""

    def __init__(self, folder: DemoFolder) -> None:
        """Make a data directory and start a server on it.

        Raises ``InvalidRequest`` where the programs are missing, and ``OrdersUnreachable`` where
        they fail; whatever was started by then is named in the folder.
        """
        programs = find_programs()
        self._folder = folder
        self._home = folder.path / "postgres"
        self._home.mkdir(mode=_OWNER_ONLY)
        self._log = self._home / "log"
        self._password = new_password()
        self._programs = programs.readable_in(
            self._home / "programs", is_open=lets_anyone_in(programs.folder)
        )
        self._initialise()
        self._server = self._start()
        self._wait_until_it_answers()

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection[TupleRow]]:
        """Open a connection of the superuser, whose work is committed at the end.

        ``OrdersUnreachable`` where the server fails in the midst of it.
        """
        try:
            with self._open() as connection:
                yield connection
        except psycopg.Error as error:
            # The driver's own words may hold the password.
            raise self._failure(f"failed at work ({type(error).__name__})") from None

    def _open(self) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(self.url(_SUPERUSER, self._password))

    def url(self, user: str, password: str) -> str:
        """Return the address of the database for a user, which holds the password."""
        host = quote(str(self._home), safe="")
        return f"postgresql://{user}:{quote(password, safe='')}@/{_DATABASE}?host={host}"

    def _initialise(self) -> None:
        password_file = self._folder.keep_secret("postgres/password", self._password)
        owner = self._programs.owner
        if owner.user is not None and owner.group is not None:
            for path in (self._home, password_file):
                os.chown(path, owner.user, owner.group)
        status = self._run(
            [
                *(self._programs.folder / "initdb", "-D", self._home / "data"),
                *("--username", _SUPERUSER, "--pwfile", password_file, "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--no-sync", "--no-instructions"),
            ]
        )
        password_file.unlink()
        if status != 0:
            raise self._failure("could not make its data directory")

    def _run(self, command: Sequence[str | Path]) -> int:
        """Run a program to its end, or end it with all that it started, and return its status."""
        process = None
        try:
            with uninterrupted(), open_privately(self._log) as log:
                process = subprocess.Popen(  # noqa: S603 - a program of ours, without a shell
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._home,
                    env=_environ(),
                    user=self._programs.owner.user,
                    group=self._programs.owner.group,
                    extra_groups=self._programs.owner.extra_groups,
                    start_new_session=True,
                )
            return process.wait(_INITIALISE_SECONDS)
        except subprocess.TimeoutExpired:
            return -1
        except OSError as error:
            raise self._failure(f"can't be run ({error.strerror})") from None
        finally:
            with uninterrupted():
                if process is not None and process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def _start(self) -> psutil.Process:
        settings = _SERVER_SETTINGS | {"unix_socket_directories": str(self._home)}
        try:
            return self._folder.start(
                Launch(
                    command=[
                        *(self._programs.folder / "postgres", "-D", self._home / "data"),
                        *(f"--{name}={value}" for name, value in settings.items()),
                    ],
                    environ=_environ(),
                    output=self._log,
                    errors=self._log,
                    # PostgreSQL's fast shutdown: it waits for nobody.
                    stop_signal=signal.SIGINT,
                    owner=self._programs.owner,
                )
            )
        except OSError as error:
            raise self._failure(f"can't be run ({error.strerror})") from None

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                with self._open():
                    return
            except psycopg.OperationalError:
                if has_ended(self._server):
                    raise self._failure("ended while it started") from None
            time.sleep(_POLL_SECONDS)
        raise self._failure(f"did not answer within {_START_SECONDS:g} s")

    def _failure(self, what: str) -> OrdersUnreachable:
        text = self._log.read_text(errors="replace").strip() if self._log.exists() else ""
        last_words = text.rpartition("\n")[2][-_LAST_WORDS_CHARACTERS:]
        return OrdersUnreachable(
            "demo_database_failed",
            f"The demo's PostgreSQL {what}." + (f" Its last words: {last_words}" * bool(text)),
            "See whether the folder for temporary files (TMPDIR) has space, and run it again.",
        )


def new_password() -> str:
    """Return a password that nobody can guess."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def _environ() -> dict[str, str]:
    """Return an environment without any PG... variable, which would change what programs do."""
    return {"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"}
