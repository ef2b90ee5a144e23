"""Processes that outlive the program that starts them, and are known again by another one."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import psutil

from aegis_batch.adapters.outbound.embedded.owner import Owner

__all__ = ["Launch", "Trace", "has_ended", "open_privately"]

_PATIENCE_SECONDS = 10.0
_KILL_SECONDS = 5.0
_POLL_SECONDS = 0.01
_START_TOLERANCE_SECONDS = 2.0
_OWNER_ONLY_UMASK = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A server to be started: its command, where its words go, and how it is told to stop."""

    command: Sequence[str | Path]
    environ: Mapping[str, str]
    output: Path
    errors: Path
    stop_signal: int
    owner: Owner = field(default_factory=Owner)

    def start(self) -> psutil.Process:
        """Start it in a session of its own, which no terminal ends; ``OSError`` if that fails."""
        with open_privately(self.output) as output, open_privately(self.errors) as errors:
            started = subprocess.Popen(  # noqa: S603 - commands of our own, without a shell
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd=self.output.parent,
                env=dict(self.environ),
                user=self.owner.user,
                group=self.owner.group,
                extra_groups=self.owner.extra_groups,
                umask=_OWNER_ONLY_UMASK,
                start_new_session=True,
            )
        return psutil.Process(started.pid)


@dataclass(frozen=True, slots=True)
class Trace:
    """A process by its id, and by what tells it from a later one with the same id."""

    pid: int
    started_after_boot_seconds: float
    stop_signal: int

    @classmethod
    def of(cls, process: psutil.Process, stop_signal: int) -> "Trace":
        """Return the trace of a process that runs."""
        return cls(process.pid, _start_of(process), int(stop_signal))

    def has_ended(self) -> bool:
        """Say whether the process is at work no more; another one may have its id."""
        try:
            process = psutil.Process(self.pid)
            return not self._started_as(process) or has_ended(process)
        except psutil.NoSuchProcess:
            return True

    def stop(self, folder: Path, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        """Stop the process by its own signal, or else kill it with all that it started.

        Nothing is done where it has ended, or where the id belongs to a process that started at
        another time or whose command line doesn't name the folder.
        """
        try:
            process = psutil.Process(self.pid)
            if not self._is_of(process, folder):
                return
            process.send_signal(self.stop_signal)
            if _ends_within(process, patience_seconds):
                return
            # The parent first, so that it can't replace the children that follow.
            for each in (process, *process.children(recursive=True)):
                each.kill()
            _ends_within(process, _KILL_SECONDS)
        except psutil.NoSuchProcess:
            return

    def _is_of(self, process: psutil.Process, folder: Path) -> bool:
        return self._started_as(process) and any(
            str(folder) in argument for argument in process.cmdline()
        )

    def _started_as(self, process: psutil.Process) -> bool:
        apart_seconds = abs(_start_of(process) - self.started_after_boot_seconds)
        return apart_seconds <= _START_TOLERANCE_SECONDS


def has_ended(process: psutil.Process) -> bool:
    """Say whether a process is at work no more, even where nobody has asked for its status yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def open_privately(path: Path) -> BinaryIO:
    """Open a file to write at its end; one that is new only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "ab")


def _ends_within(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not has_ended(process):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _start_of(process: psutil.Process) -> float:
    # Counted from the boot, since the time of day jumps when the machine's clock is corrected.
    return float(process.create_time() - psutil.boot_time())
