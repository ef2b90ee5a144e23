"""What is done for a demo that was killed: its servers are stopped, its folder is taken away.

Run as a module with a folder, it does so as soon as standard input ends without a word.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from aegis_batch.adapters.outbound.embedded.demo_folder import DemoFolder, remove_tree
from aegis_batch.adapters.outbound.embedded.detached import Trace
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["sweep"]

# What a demo starts, beside Python itself.
_PROGRAMS = frozenset({"initdb", "postgres"})


def sweep() -> None:
    """Take away what killed demos of this user have left, quietly, as far as that can be done."""
    for path in DemoFolder.candidates():
        with suppress(InvalidRequest, OSError, psutil.Error):
            if DemoFolder.open(path).is_abandoned():
                _clear(path)


def _clear(path: Path) -> None:
    # The demo may have been killed before it could write a process down.
    for server in _servers_of(path):
        server.stop(path)
    try:
        folder = DemoFolder.open(path)
    except InvalidRequest:
        # The marker has gone already: the demo was killed while it removed the folder.
        remove_tree(path)
    else:
        folder.remove()


def _servers_of(path: Path) -> Iterator[Trace]:
    """Yield what a demo has started for its folder, each in a session of its own."""
    programs = _PROGRAMS | {Path(sys.executable).name}
    me = psutil.Process()
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            command = process.cmdline()
            if not command or Path(command[0]).name not in programs or process == me:
                continue
            named = any(str(path) in argument for argument in command[1:])
            if named and os.getsid(process.pid) == process.pid:
                yield Trace.of(process, signal.SIGINT)


def _main() -> None:
    if not sys.stdin.buffer.read(1):
        _clear(Path(sys.argv[1]))


if __name__ == "__main__":
    _main()
