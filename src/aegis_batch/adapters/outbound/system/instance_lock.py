"""One process a state file, held by the kernel for as long as that process lives."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aegis_batch.application.health import Holder
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.printable import printable

__all__ = ["LockHolder", "find_lock_holder", "hold_instance_lock"]

_LONGEST_NOTE_BYTES = 4096
# Whoever only looks holds the lock for a moment.
_LOOK_SECONDS_MAX = 0.5
_LOOK_AGAIN_SECONDS = 0.02


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

    Raises ``StateUnavailable`` within a second where another process holds it, or the lock file
    can't be made. Source: flock(2).
    """
    path = _lock_file(state_file)
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


def find_lock_holder(state_file: Path) -> Holder | None:
    """Return the live process that holds a state file, without getting into its way.

    Raises ``StateUnavailable`` where the lock file is there and can't be looked at.
    """
    path = _lock_file(state_file)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _no_lock_file(path, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _read(descriptor)
        return Holder() if holder is None else Holder(holder.executor, holder.started_at)
    except OSError as error:
        raise _no_lock_file(path, error) from None
    finally:
        os.close(descriptor)
    return None


def _lock_file(state_file: Path) -> Path:
    real = Path(os.path.realpath(state_file))
    return real.with_name(f"{real.name}.lock")


def _take(descriptor: int, path: Path) -> None:
    patience_ends_seconds = time.monotonic() + _LOOK_SECONDS_MAX
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= patience_ends_seconds:
                raise _held(path, _read(descriptor)) from None
            time.sleep(_LOOK_AGAIN_SECONDS)
        except OSError as error:
            raise _no_lock_file(path, error) from None
        else:
            return


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


def _read(descriptor: int) -> LockHolder | None:
    # The holder may be in the middle of writing it, or somebody may have written over it.
    try:
        note = json.loads(os.pread(descriptor, _LONGEST_NOTE_BYTES, 0))
        return LockHolder(
            int(note["pid"]), str(note["executor"]), datetime.fromisoformat(note["startedAt"])
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _held(path: Path, holder: LockHolder | None) -> StateUnavailable:
    who = "Another process"
    if holder is not None:
        since = holder.started_at.isoformat()
        who = printable(f"Process {holder.pid} ({holder.executor}, since {since})")
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
