"""PgBouncer in front of a test's PostgreSQL, from the system's own package."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import psycopg

from tests.servers.ground import ServerError, free_port, wait_until
from tests.servers.postgres import Database

PoolMode = Literal["session", "transaction", "statement"]
# Debian keeps servers where an ordinary user's PATH doesn't look.
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
_START_SECONDS = 30.0
_END_SECONDS = 30.0
_LOG_TAIL_CHARACTERS = 2_000


@dataclass(frozen=True)
class PgBouncer:
    """A pooler that listens on loopback and knows one user."""

    database: Database
    port: int
    user: str
    password: str

    def dsn(self) -> str:
        """Build the URL of the database behind the pooler."""
        direct = urlsplit(self.database.dsn(self.user, self.password))
        login = direct.netloc.rpartition("@")[0]
        return direct._replace(netloc=f"{login}@127.0.0.1:{self.port}").geturl()


@contextmanager
def pgbouncer(
    database: Database, mode: PoolMode, user: str, password: str, *, pool_size: int = 2
) -> Iterator[PgBouncer]:
    """Start a pooler in a mode, with so many connections to the server; end it with the context.

    Raises:
        ServerError: the program is missing, or it didn't start; the message has its log.
    """
    folder = Path(tempfile.mkdtemp(prefix="aegis-pgbouncer-"))
    pooler = PgBouncer(database, free_port(), user, password)
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    log = folder / "log"
    try:
        _write_configuration(folder, pooler, mode, pool_size)
        if owner:
            for path in (folder, *folder.iterdir()):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [_program(), folder / "pgbouncer.ini"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                env={"PATH": _PATH},
                # As root it refuses to run.
                user=owner and owner.pw_uid,
                group=owner and owner.pw_gid,
                extra_groups=[] if owner else None,
                start_new_session=True,
            )
        try:
            wait_until(
                lambda: _answers(pooler, process, log),
                what="PgBouncer to answer",
                timeout_seconds=_START_SECONDS,
            )
            yield pooler
        finally:
            process.kill()
            process.wait(_END_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program() -> str:
    found = shutil.which("pgbouncer", path=_PATH)
    if found is None:
        raise ServerError("pgbouncer is missing: apt-get install pgbouncer")
    return found


def _write_configuration(folder: Path, pooler: PgBouncer, mode: PoolMode, pool_size: int) -> None:
    server = urlsplit(pooler.database.dsn())
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": pooler.port,
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": folder / "users.txt",
        "pool_mode": mode,
        "default_pool_size": pool_size,
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    target = f"{pooler.database.name} = host={server.hostname} port={server.port}"
    text = "\n".join(["[databases]", target, "[pgbouncer]", *lines, ""])
    (folder / "pgbouncer.ini").write_text(text)
    words = [f'"{word.replace(chr(34), chr(34) * 2)}"' for word in (pooler.user, pooler.password)]
    (folder / "users.txt").write_text(" ".join(words) + "\n")


def _answers(pooler: PgBouncer, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    if process.poll() is not None:
        tail = log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:]
        raise ServerError(f"PgBouncer ended while it started:\n{tail}")
    try:
        psycopg.connect(pooler.dsn(), autocommit=True, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
