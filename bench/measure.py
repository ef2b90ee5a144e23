"""Runs a process to its end, and tells how long it took and how much memory it needed."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessFailedError", "Run", "measure"]

_LAUNCHER = Path(__file__).parent / "launcher.py"
_LAST_WORDS_CHARACTERS = 2000


class ProcessFailedError(Exception):
    """A process that was to be measured ended in failure; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a process; ``peak_mb`` is the most memory, in MiB, that it held at any time."""

    seconds: float
    peak_mb: float
    output: str


def measure(command: Sequence[str], environ: Mapping[str, str]) -> Run:
    """Run a program, named by its path, from start to exit.

    Raises ``ProcessFailedError``.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        done = subprocess.run(  # noqa: S603 - commands of the bench's own, without a shell
            [sys.executable, "-I", "-S", str(_LAUNCHER), str(report), *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=dict(environ),
            check=True,
        )
        seconds, peak_mb, status = report.read_text(encoding="utf-8").split()
    if int(status) != 0:
        words = done.stderr.decode(errors="replace")[-_LAST_WORDS_CHARACTERS:]
        raise ProcessFailedError(f"{command[0]} ended with {status}: {words}")
    return Run(float(seconds), float(peak_mb), done.stdout.decode())
