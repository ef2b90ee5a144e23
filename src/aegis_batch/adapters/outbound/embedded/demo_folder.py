"""The demo's folder: everything that a demo makes is in it, or is named in it as a process."""

import errno
import json
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from aegis_batch.adapters.outbound.embedded.detached import Launch, Trace
from aegis_batch.adapters.outbound.embedded.guard_process import GuardProcess
from aegis_batch.adapters.outbound.embedded.uninterrupted import uninterrupted
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["DemoFolder", "lets_anyone_in", "remove_tree"]

_PREFIX = "aegis-demo-"
_MARKER = "aegis-demo.json"
_MARKER_KIND = "aegis-batch demo"
_MARKER_BYTES_MAX = 65_536
# With "/postgres/.s.PGSQL.5432" behind it, a path must fit into a socket's address: 104 bytes with
# its end on the strictest system (sys/un.h), 108 on Linux.
_PATH_BYTES_MAX = 80
_REMOVE_ATTEMPTS_MAX = 20
_REMOVE_PAUSE_SECONDS = 0.05


class DemoFolder:
    """A temporary folder with a marker that names each process started for it.

    Unless it is to be kept, it has an owner: the program that made it. A guard removes it where
    that is killed.
    """

    def __init__(
        self, path: Path, servers: Sequence[Trace] = (), owner: Trace | None = None
    ) -> None:
        """Take a folder that is there; ``create`` and ``open`` are the ways to get one."""
        self.path = path
        self._servers = list(servers)
        self._owner = owner
        self._guard: GuardProcess | None = None

    @staticmethod
    def candidates() -> list[Path]:
        """Return what has the name of a demo's folder, whoever made it."""
        return sorted(_base().glob(f"{_PREFIX}*"))

    @classmethod
    def create(cls) -> "DemoFolder":
        """Make a folder that nobody else may list or write to.

        Where root makes it, others may pass through it, to the one place in it that belongs to the
        user who runs PostgreSQL.
        """
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_base()))
        folder = cls(path, owner=Trace.of(psutil.Process(), signal.SIGTERM))
        try:
            if os.geteuid() == 0:
                path.chmod(0o711)
            folder._mark()
            folder._guard = GuardProcess(path)
        except OSError:
            folder.remove()
            raise
        return folder

    @classmethod
    def open(cls, path: Path) -> "DemoFolder":
        """Return the folder that an earlier demo left; ``InvalidRequest`` where it is none."""
        try:
            real = path.resolve(strict=True)
            content = _marker_content(real)
            if content["kind"] != _MARKER_KIND or content["folder"] != str(real):
                raise _no_demo(path)
            servers = [_trace_of(entry) for entry in content["processes"]]
            owner = content.get("owner")
            return cls(real, servers, None if owner is None else _trace_of(owner))
        except (OSError, ValueError, KeyError, TypeError):
            raise _no_demo(path) from None

    def is_abandoned(self) -> bool:
        """Say whether it has lost its owner, and was not to be kept."""
        return self._owner is not None and self._owner.has_ended()

    def keep(self) -> None:
        """Let the folder and its servers outlive the program; ``OSError`` where that fails."""
        with uninterrupted():
            owner, self._owner = self._owner, None
            try:
                self._mark()
            except OSError:
                self._owner = owner
                raise
            self._dismiss_guard()

    def start(self, launch: Launch) -> psutil.Process:
        """Start a server that outlives this program, and write it down.

        Its command line must name this folder: that is how it is known again. ``OSError`` where
        it can't be started.
        """
        with uninterrupted():
            process = launch.start()
            self._servers.append(Trace.of(process, launch.stop_signal))
            self._mark()
        return process

    def keep_secret(self, name: str, value: str) -> Path:
        """Write a secret to a new file that only its owner may read, and return its path."""
        path = self.path / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(value + "\n")
        return path

    def remove(self) -> None:
        """Stop the servers, the latest first, and take the folder away, uninterrupted."""
        with uninterrupted():
            for server in reversed(self._servers):
                server.stop(self.path)
            remove_tree(self.path)
            self._dismiss_guard()

    def _dismiss_guard(self) -> None:
        if self._guard is not None:
            self._guard.dismiss()
            self._guard = None

    def _mark(self) -> None:
        content = {
            "kind": _MARKER_KIND,
            "folder": str(self.path),
            "owner": None if self._owner is None else _entry_of(self._owner),
            "processes": [_entry_of(server) for server in self._servers],
        }
        draft = self.path / f"{_MARKER}.new"
        draft.write_text(json.dumps(content), encoding="utf-8")
        draft.replace(self.path / _MARKER)


def _entry_of(trace: Trace) -> dict[str, int | float]:
    return {
        "pid": trace.pid,
        "startedAfterBootSeconds": trace.started_after_boot_seconds,
        "stopSignal": trace.stop_signal,
    }


def _trace_of(entry: Mapping[str, Any]) -> Trace:
    return Trace(
        int(entry["pid"]), float(entry["startedAfterBootSeconds"]), int(entry["stopSignal"])
    )


def _base() -> Path:
    """Return where temporary folders go: short enough, and open to PostgreSQL's user."""
    length_max = _PATH_BYTES_MAX - len(_PREFIX) - len("/12345678")
    for candidate in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - mkdtemp names it
        base = Path(candidate).resolve()
        fits = len(os.fsencode(base)) <= length_max
        if base.is_dir() and fits and (os.geteuid() != 0 or lets_anyone_in(base)):
            return base
    raise InvalidRequest(
        "no_temporary_folder",
        "There is no folder for temporary files with a short enough path.",
        f"Set TMPDIR to a folder whose path has at most {length_max} bytes.",
    )


def lets_anyone_in(path: Path) -> bool:
    """Say whether every user may pass through a folder and all that it lies in."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.resolve().parents))


def _marker_content(folder: Path) -> dict[str, Any]:
    """Read a marker that nobody but this user can have written."""
    me = os.geteuid()
    for path, is_right in ((folder, stat.S_ISDIR), (folder / _MARKER, stat.S_ISREG)):
        status = path.lstat()
        others_may_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not is_right(status.st_mode) or status.st_uid != me or others_may_write:
            raise ValueError(path)
    with (folder / _MARKER).open("rb") as file:
        content = json.loads(file.read(_MARKER_BYTES_MAX))
    if not isinstance(content, dict):
        raise TypeError
    return content


def _no_demo(path: Path) -> InvalidRequest:
    return InvalidRequest(
        "no_demo_folder",
        f"{path} is no folder of a demo that you started.",
        "Name the folder that `demo --keep` printed.",
    )


def remove_tree(path: Path) -> None:
    """Take a folder away, even one to which a dying process still adds; gone already is fine."""
    for attempt in range(1, _REMOVE_ATTEMPTS_MAX + 1):
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            if not path.exists():
                return
        except OSError as error:
            # A process that is just being killed can still add a file.
            if error.errno != errno.ENOTEMPTY or attempt == _REMOVE_ATTEMPTS_MAX:
                raise
        else:
            return
        time.sleep(_REMOVE_PAUSE_SECONDS)
