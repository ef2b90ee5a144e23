"""One process a state file, held by the kernel for as long as that process lives."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from aegis_batch.application.health import Holder
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.printable import printable

__all__ = ["LockHolder", "find_lock_holder", "hold_instance_lock", "is_wanted"]

_Told = TypeVar("_Told")

_LONGEST_NOTE_BYTES = 4096
# Whoever only looks holds the lock for a moment.
_LOOK_SECONDS_MAX = 0.5
_LOOK_AGAIN_SECONDS = 0.02
# What yields looks for those who wait several times a second, drains for some seconds, and ends.
_HAND_OVER_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds a state file: a process, its identity, and since when.

    One that ``yields`` looks now and then whether another process wants the file, and lets it have
    it.
    """

    pid: int
    executor: str
    started_at: datetime
    yields: bool = False


@contextmanager
def hold_instance_lock(state_file: Path, holder: LockHolder) -> Iterator[None]:
    """Hold a state file for one process: ``<name>.lock`` beside it carries an exclusive flock.

    The kernel takes the lock away when the process ends, however it ends; the file itself stays,
    since taking it away would let two processes lock two files of one name. Links to one state
    file share its lock.

    Where the other process yields, this one asks for the file, and has it within a minute; two that
    yield don't take it from one another, nor from one that waits for it.

    Raises ``StateUnavailable`` within a second where another process holds it that does not yield,
    and where the lock file can't be made. Source: flock(2).
    """
    path = _lock_file(state_file)
    with _opened(path) as descriptor:
        if holder.yields and is_wanted(state_file):
            raise _held(path, None)
        try:
            _take(descriptor, path, _LOOK_SECONDS_MAX)
        except BlockingIOError:
            before = _read(descriptor)
            if before is None or not before.yields or holder.yields:
                raise _held(path, before) from None
            _take_over(descriptor, path)
        _write(descriptor, path, holder)
        yield


def is_wanted(state_file: Path) -> bool:
    """Say whether a live process waits until the one that holds a state file has handed it over.

    Raises ``StateUnavailable`` where the file that tells so is there and can't be looked at.
    """
    return _look(_wish_file(_lock_file(state_file)), lambda _: True) is not None


def find_lock_holder(state_file: Path) -> Holder | None:
    """Return the live process that holds a state file, without getting into its way.

    Raises ``StateUnavailable`` where the lock file is there and can't be looked at.
    """

    def named(descriptor: int) -> Holder:
        holder = _read(descriptor)
        return Holder() if holder is None else Holder(holder.executor, holder.started_at)

    return _look(_lock_file(state_file), named)


def _look(path: Path, held: Callable[[int], _Told]) -> _Told | None:
    """Return what a lock file tells where a live process holds it, and ``None`` where none does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _no_lock_file(path, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return held(descriptor)
    except OSError as error:
        raise _no_lock_file(path, error) from None
    finally:
        os.close(descriptor)
    return None


def _lock_file(state_file: Path) -> Path:
    real = Path(os.path.realpath(state_file))
    return real.with_name(f"{real.name}.lock")


def _wish_file(lock_file: Path) -> Path:
    return lock_file.with_name(f"{lock_file.name}.wanted")


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        # Not handed down to child processes (PEP 446), which would hold on to the lock.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _no_lock_file(path, error) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _take_over(descriptor: int, path: Path) -> None:
    """Wait for a file whose holder yields; a lock of its own tells that, as long as this lives."""
    wish = _wish_file(path)
    with _opened(wish) as wishing:
        try:
            _take(wishing, wish, _LOOK_SECONDS_MAX)
            _take(descriptor, path, _HAND_OVER_SECONDS_MAX)
        except BlockingIOError:
            raise _held(path, _read(descriptor)) from None


def _take(descriptor: int, path: Path, seconds_max: float) -> None:
    """Take a lock within so many seconds; ``BlockingIOError`` where others have it all the time."""
    patience_ends_seconds = time.monotonic() + seconds_max
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= patience_ends_seconds:
                raise
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
            "yields": holder.yields,
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
            int(note["pid"]),
            str(note["executor"]),
            datetime.fromisoformat(note["startedAt"]),
            note.get("yields") is True,
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _held(path: Path, holder: LockHolder | None) -> StateUnavailable:
    who, does = "Another process", "already serves"
    if holder is not None:
        since = holder.started_at.isoformat()
        who = printable(f"Process {holder.pid} ({holder.executor}, since {since})")
        does = "carries out a backfill on" if holder.yields else does
    return StateUnavailable(
        "state_in_use",
        f"{who} {does} the state that {path} guards.",
        "Stop that process first, or give this one an AEGIS_STATE_URL of its own.",
    )


def _no_lock_file(path: Path, error: OSError) -> StateUnavailable:
    return StateUnavailable(
        "state_lock_failed",
        f"The lock file {path} can't be used: {os.strerror(error.errno or 0)}.",
        "See that its folder exists, is on a disk with space, and may be written.",
    )
