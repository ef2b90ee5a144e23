"""One process a state file, held by the kernel for as long as that process lives."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.printable import printable

__all__ = ["LockHolder", "hold_instance_lock"]

_LONGEST_NOTE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds a state file: a process, its identity, and since when."""

    pid: int
    executor: str
    started_at: datetime


@contextmanager
def hold_instance_lock(state_file: Path, holder: LockHolder) -> Iterator[None]:
    """Hold a state file for one process: ``<name>.lock`` beside it carries an exclusive flock.

    The kernel takes the lock away when the process ends, however it ends; the file itself stays,
    since taking it away would let two processes lock two files of one name. Links to one state
    file share its lock.

    Raises ``StateUnavailable`` at once where another process holds it, or the lock file can't be
    made. Source: flock(2).
    """
    real = Path(os.path.realpath(state_file))
    path = real.with_name(f"{real.name}.lock")
    try:
        # Not handed down to child processes (PEP 446), which would hold on to the lock.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _no_lock_file(path, error) from None
    try:
        _take(descriptor, path)
        _write(descriptor, path, holder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _held(path, _read(descriptor)) from None
    except OSError as error:
        raise _no_lock_file(path, error) from None


def _write(descriptor: int, path: Path, holder: LockHolder) -> None:
    note = json.dumps(
        {
            "pid": holder.pid,
            "executor": holder.executor,
            "startedAt": holder.started_at.isoformat(),
        }
    )
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note.encode(), 0)
    except OSError as error:
        # A full disk; the state file would not take a word either.
        raise _no_lock_file(path, error) from None


def _read(descriptor: int) -> str:
    # The holder may be in the middle of writing it, or somebody may have written over it.
    try:
        note = json.loads(os.pread(descriptor, _LONGEST_NOTE_BYTES, 0))
        pid, executor, started_at = note["pid"], note["executor"], note["startedAt"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return "Another process"
    return printable(f"Process {pid} ({executor}, since {started_at})")


def _held(path: Path, who: str) -> StateUnavailable:
    return StateUnavailable(
        "state_in_use",
        f"{who} already serves the state that {path} guards.",
        "Stop that process first, or give this one an AEGIS_STATE_URL of its own.",
    )


def _no_lock_file(path: Path, error: OSError) -> StateUnavailable:
    return StateUnavailable(
        "state_lock_failed",
        f"The lock file {path} can't be used: {os.strerror(error.errno or 0)}.",
        "See that its folder exists, is on a disk with space, and may be written.",
    )
