"""The stand-in Backend in a process of its own, as the ranges of days find it."""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx

from bench.figures import Figures, figures_of_report
from bench.ways import PROGRAM

__all__ = ["BackendProcess", "running_backend"]

_TOKEN = "bench-token"  # noqa: S105 - made up, for a Backend on loopback
_URL_LINE = "export BACKEND_BASE_URL="
_PATIENCE_SECONDS = 30


class BackendProcess:
    """A Backend that runs, with what it has been sent so far."""

    def __init__(self, url: str, log: Path) -> None:
        """Take its address, and the file with a line for each of its answers."""
        self._url = url
        self._log = log

    @property
    def environ(self) -> dict[str, str]:
        """The settings by which a close finds it."""
        return {"BACKEND_BASE_URL": self._url, "X_SERVICE_TOKEN": _TOKEN}

    def figures(self, days: Iterable[date]) -> dict[date, Figures]:
        """Return what its reports say of these days, of which those without one are left out."""
        with httpx.Client(headers={"X-SERVICE-TOKEN": _TOKEN}, trust_env=False) as client:
            found = {day: client.get(f"{self._url}/reports/{day}") for day in days}
        return {
            day: figures_of_report(answer.text)
            for day, answer in found.items()
            if answer.status_code == httpx.codes.OK
        }

    def submissions(self) -> list[str]:
        """Return the status of its answer to each report that was handed over, in order."""
        # A line stands there before its answer leaves.
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [line.rpartition(" ")[2] for line in lines if line.startswith("POST ")]


@contextmanager
def running_backend(environ: Mapping[str, str], folder: Path) -> Iterator[BackendProcess]:
    """Start one that has nothing yet, and stop it; its files are new ones in the folder.

    Raises ``RuntimeError`` with its last words where it doesn't start.
    """
    log = folder / "backend.log"
    command = (str(PROGRAM), "sandbox", "--store", str(folder / "backend.sqlite"), "--port", "0")
    with (
        log.open("wb") as err,
        subprocess.Popen(  # noqa: S603 - a program of ours, without a shell
            command,
            env={**environ, "X_SERVICE_TOKEN": _TOKEN},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
        ) as process,
    ):
        try:
            first_line = process.stdout.readline() if process.stdout else ""
            if not first_line.startswith(_URL_LINE):
                process.wait(_PATIENCE_SECONDS)
                raise RuntimeError(log.read_text(encoding="utf-8"))
            yield BackendProcess(first_line.removeprefix(_URL_LINE).strip(), log)
        finally:
            process.terminate()
            process.wait(_PATIENCE_SECONDS)
