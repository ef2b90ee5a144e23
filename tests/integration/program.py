"""The program as a user runs it: a process of its own, with nothing but the environment given."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.integration.forked import ForkServer, Process

_END_SECONDS = 120.0
_GIVEN_NAMES = ("DATABASE_URL", "BACKEND_BASE_URL", "X_SERVICE_TOKEN", "INTERNAL_JOBS_KEY")


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        (line,) = self.out.splitlines()
        told: dict[str, Any] = json.loads(line)
        return told


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment with the given settings and none of the program's own.

    The state is a file in the folder that the program is started in, unless it is given.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AEGIS_", "OTEL_")) and name not in _GIVEN_NAMES
    }
    return {**kept, "PYTHONPATH": "", "AEGIS_STATE_URL": "sqlite:///state.db", **settings}


def start(
    arguments: Sequence[str],
    settings: Mapping[str, str],
    folder: Path,
    module: str = "aegis_batch",
) -> Process:
    """Start the program in a folder.

    It is forked off a process that has imported it, where that makes no difference but to how long
    it takes; what has settings that an interpreter reads starts from nothing.
    """
    environ = environment(**settings)
    if hasattr(os, "pidfd_open") and (server := fork_server()).fits(environ):
        return server.start(module, arguments, environ, folder)
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=environ,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


@cache
def fork_server() -> ForkServer:
    """Return what forks processes for this one."""
    kept = {
        name: text
        for name, text in environment().items()
        if not name.startswith("COVERAGE_PROCESS")
    }
    return ForkServer(kept)


def end(process: Process) -> Ended:
    """Wait for a process, and return how it ended."""
    out, err = process.communicate(timeout=_END_SECONDS)
    return Ended(process.wait(), out, err)


def run(arguments: Sequence[str], settings: Mapping[str, str], folder: Path) -> Ended:
    """Run the program in a folder to its end."""
    return end(start(arguments, settings, folder))
