"""The stand-in Backend as a detached process."""

import shlex
import signal
import sys
import time
from collections.abc import Mapping

from aegis_batch.adapters.outbound.embedded.demo_folder import DemoFolder
from aegis_batch.adapters.outbound.embedded.detached import Launch, has_ended
from aegis_batch.domain.errors import BackendUnavailable

__all__ = ["SandboxProcess"]

_START_SECONDS = 60.0
_POLL_SECONDS = 0.01
_LAST_WORDS_CHARACTERS = 300
_ADDRESS = "BACKEND_BASE_URL"


class SandboxProcess:
    """The command ``sandbox`` of this very program, with its store in the demo's folder."""

    def __init__(self, folder: DemoFolder, environ: Mapping[str, str]) -> None:
        """Start it in an environment that names its token; ``OSError`` where that fails."""
        self._output = folder.path / "sandbox.out"
        self._errors = folder.path / "sandbox.log"
        self._process = folder.start(
            Launch(
                command=[
                    # -P: what lies in the current folder is not imported.
                    *(sys.executable, "-P", "-m", "aegis_batch", "sandbox"),
                    *("--store", folder.path / "sandbox.sqlite", "--port", "0"),
                ],
                environ=environ,
                output=self._output,
                errors=self._errors,
                stop_signal=signal.SIGTERM,
            )
        )

    def url(self) -> str:
        """Wait until it listens, and return its address, which it prints for people to paste.

        ``BackendUnavailable`` where it ends before, or takes too long.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            is_last_look = has_ended(self._process)
            url = self._printed_url()
            if url is not None:
                return url
            if is_last_look:
                raise self._failure("ended while it started")
            time.sleep(_POLL_SECONDS)
        raise self._failure(f"did not answer within {_START_SECONDS:g} s")

    def _printed_url(self) -> str | None:
        whole_lines = self._output.read_text(encoding="utf-8").rpartition("\n")[0]
        for line in whole_lines.splitlines():
            name, _, value = shlex.split(line)[-1].partition("=")
            if name == _ADDRESS:
                return value
        return None

    def _failure(self, what: str) -> BackendUnavailable:
        text = self._errors.read_text(errors="replace").strip()
        last_words = text.rpartition("\n")[2][-_LAST_WORDS_CHARACTERS:]
        return BackendUnavailable(
            "demo_backend_failed",
            f"The demo's stand-in Backend {what}."
            + (f" Its last words: {last_words}" * bool(text)),
            "Run aegis-batch sandbox by itself to see what is wrong.",
        )
