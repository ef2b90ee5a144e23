"""A place in which a command leaves its traces where tests can see them, and nowhere else."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

PROGRAM = Path(sys.executable).parent / "aegis-batch"
COMMAND_SECONDS = 120


class Place:
    """A home, a folder for temporary files and a folder to work in, all empty."""

    def __init__(self) -> None:
        # Short and open to others: a socket's path is bounded, and as root PostgreSQL is run by
        # another user, who must get through.
        self.path = Path(tempfile.mkdtemp(prefix="at-", dir="/tmp")).resolve()
        self.path.chmod(0o755)
        self.temporary = self.path / "t"
        self.work = self.path / "work"
        self.home = self.path / "home"
        for folder in (self.temporary, self.work, self.home):
            folder.mkdir()

    def environ(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return an environment whose every writable folder is here."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AEGIS_", "XDG_", "PG")) and "SERVICE_TOKEN" not in name
        }
        return kept | {
            "TMPDIR": str(self.temporary),
            "HOME": str(self.home),
            "COLUMNS": "100",
            "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}",
            **(more or {}),
        }

    def run(
        self, *arguments: str, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run aegis-batch to its end."""
        return subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.work,
            env=self.environ(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def start(
        self, *arguments: str, environ: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start aegis-batch, its output in pipes."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=self.work,
            env=self.environ(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def paste(self, *lines: str) -> subprocess.CompletedProcess[str]:
        """Run lines as one shell would that they are pasted into."""
        return subprocess.run(
            ["/bin/sh", "-c", "\n".join(lines)],
            cwd=self.work,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def processes(self) -> list[psutil.Process]:
        """Return what runs, at work or not, with a path of this place in its command line."""
        found = []
        for process in psutil.process_iter():
            try:
                if any(str(self.path) in argument for argument in process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def leftovers(self) -> list[str]:
        """Name every file, folder and process that is left here."""
        files = [
            str(path.relative_to(self.path))
            for folder in (self.temporary, self.work, self.home)
            for path in folder.rglob("*")
        ]
        return files + [" ".join(process.cmdline()) for process in self.processes()]

    def remove(self) -> None:
        """End what still runs, and take everything away."""
        for process in self.processes():
            process.kill()
        shutil.rmtree(self.path, ignore_errors=True)


def commands_of(page: str) -> list[str]:
    """Return the commands that a page of the demo says to try next."""
    return [line.strip() for line in page.partition("Try next")[2].splitlines()[1:] if line.strip()]
