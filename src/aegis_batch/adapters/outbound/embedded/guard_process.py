"""The process that takes a demo's folder away where the demo itself was killed."""

import subprocess
import sys
from pathlib import Path

__all__ = ["GuardProcess"]

_DISMISSED = b"."


class GuardProcess:
    """Waits at the end of a pipe, which closes with the program, however that ends."""

    def __init__(self, folder: Path) -> None:
        """Start it for a folder; ``OSError`` where that fails."""
        self._process = subprocess.Popen(  # noqa: S603 - this very program, without a shell
            # -P: what lies in the current folder is not imported.
            [
                *(sys.executable, "-P", "-m", "aegis_batch.adapters.outbound.embedded.aftermath"),
                folder,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """Have it end without doing anything, and wait for that."""
        self._process.communicate(_DISMISSED)
