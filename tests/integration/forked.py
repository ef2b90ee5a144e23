"""The program as a process that was forked off one that had imported it; see ``fork_server.py``."""

import atexit
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

_SERVER = Path(__file__).with_name("fork_server.py")
# What an interpreter reads before it runs a line.
_READ_AT_THE_START = ("PYTHON", "LC_", "LANG", "LD_")


class Process(Protocol):
    """A process that was started; as ``subprocess.Popen`` has it."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    @property
    def stdout(self) -> IO[str] | None:
        """What it writes to standard output."""
        ...

    @property
    def stderr(self) -> IO[str] | None:
        """What it writes to standard error."""
        ...

    @property
    def returncode(self) -> int | None:
        """How it ended, as far as that is known."""
        ...

    def poll(self) -> int | None:
        """Return how it ended, or ``None`` while it lives."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        ...

    def communicate(self, *, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end, and return what it wrote."""
        ...

    def send_signal(self, sig: int) -> None:
        """Send it a signal, should it live."""
        ...

    def terminate(self) -> None:
        """Ask it to stop, should it live."""
        ...

    def kill(self) -> None:
        """Kill it, should it live."""
        ...


class ForkedProcess:
    """A process that was forked; see ``Process``."""

    def __init__(self, pid: int, out: int, err: int, status: int) -> None:
        """Take its number, and the ends to read: of its two streams, and of its status."""
        self.pid = pid
        self.stdout: IO[str] = open(out, encoding="utf-8")  # noqa: SIM115 - whoever reads closes it
        self.stderr: IO[str] = open(err, encoding="utf-8")  # noqa: SIM115 - the same
        self.returncode: int | None = None
        self._status = open(status, "rb", buffering=0)  # noqa: SIM115 - closed where it is read
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Return how it ended, or ``None`` while it lives."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises ``subprocess.TimeoutExpired``."""
        status = self._look(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return status

    def _look(self, timeout: float | None) -> int | None:
        with self._lock:
            if self.returncode is None:
                with selectors.DefaultSelector() as selector:
                    selector.register(self._status, selectors.EVENT_READ)
                    if not selector.select(timeout):
                        return None
                (self.returncode,) = struct.unpack("!i", self._status.read(4))
                self._status.close()
            return self.returncode

    def communicate(self, *, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end, and return what it wrote; it has nothing to read."""
        texts = ["", ""]

        def read(place: int, stream: IO[str]) -> None:
            texts[place] = stream.read()

        readers = [
            threading.Thread(target=read, args=each, daemon=True)
            for each in enumerate((self.stdout, self.stderr))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
        self.wait(timeout)
        self.stdout.close()
        self.stderr.close()
        return texts[0], texts[1]

    def send_signal(self, sig: int) -> None:
        """Send it a signal, should it live."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        """Ask it to stop, should it live."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, should it live."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """What forks processes; it ends with the process that made it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Take the environment that the program is imported in."""
        self._environ = environ
        self._lock = threading.Lock()
        self._asks, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with asked:
            self._process = subprocess.Popen(
                [sys.executable, str(_SERVER), str(asked.fileno())],
                env=environ,
                pass_fds=[asked.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(self._stop)

    def fits(self, environ: Mapping[str, str]) -> bool:
        """Tell whether a process of this environment would have started as a fork does."""
        return all(
            environ.get(name) == self._environ.get(name)
            for name in {*environ, *self._environ}
            if name.startswith(_READ_AT_THE_START)
        )

    def start(
        self, module: str, arguments: Sequence[str], environ: Mapping[str, str], folder: Path
    ) -> ForkedProcess:
        """Start a module in a folder; raises ``RuntimeError`` where the server is gone."""
        request = {
            "module": module,
            "arguments": list(arguments),
            "environ": dict(environ),
            "folder": str(folder),
        }
        nothing = os.open(os.devnull, os.O_RDONLY)
        out, err, status = os.pipe(), os.pipe(), os.pipe()
        given = [nothing, out[1], err[1], status[1]]
        try:
            with self._lock:
                socket.send_fds(self._asks, [json.dumps(request).encode()], given)
                answer = self._asks.recv(4)
        finally:
            for end in given:
                os.close(end)
        if not answer:
            raise RuntimeError("The server that forks is gone.")
        (pid,) = struct.unpack("!i", answer)
        return ForkedProcess(pid, out[0], err[0], status[0])

    def _stop(self) -> None:
        self._asks.close()
        self._process.wait()
