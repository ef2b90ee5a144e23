"""A process that becomes the program over and over: an entry point that only tests use.

What takes most of a short process's time, to import the program and its libraries, is done once.
Each request is a JSON object, with the child's three standard streams and a pipe for its status
(see ``forked.py``); the answer is the child's number. A child goes on as ``python -m MODULE`` would
from there: it has an environment, a folder, streams and signals of its own, and ends as the
interpreter does, but that it takes nothing apart, which would take most of its time. Where it is
measured, what modules do as they are imported is not part of it. This process must have no thread,
and nothing of it may be on a child's way.
"""

import atexit
import importlib
import json
import os
import pkgutil
import re
import runpy
import selectors
import socket
import struct
import sys
import threading
import time
import traceback
from typing import Any, NoReturn

import coverage

import aegis_batch

# What the program imports late.
_LIBRARIES = ("dbos", "httpx", "psycopg", "sqlalchemy.dialects.postgresql.psycopg")
# What runs as a script does.
_SCRIPTS = re.compile(r"\.__main__$|\.migrations\b")
_REQUEST_BYTES = 1 << 20
_STREAMS = 3
# How the interpreter ends where it could not write the last of its output.
_NOT_WRITTEN = 120


def main() -> dict[str, Any] | None:
    """Fork until nobody asks any more; return a child's request, in the child."""
    asked = socket.socket(fileno=int(sys.argv[1]))
    modules = (each.name for each in pkgutil.walk_packages(aegis_batch.__path__, "aegis_batch."))
    for name in (*_LIBRARIES, *(each for each in modules if not _SCRIPTS.search(each))):
        importlib.import_module(name)
    if threading.active_count() != 1:
        raise RuntimeError("An import has started a thread, which no child would have.")
    selector = selectors.DefaultSelector()
    selector.register(asked, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is not asked:
                pid, status_to = key.data
                _tell_status(pid, status_to)
                selector.unregister(key.fileobj)
                os.close(key.fd)
                continue
            message, files, _, _ = socket.recv_fds(asked, _REQUEST_BYTES, _STREAMS + 1)
            if not message:
                return None
            pid = os.fork()
            if pid == 0:
                asked.close()
                selector.close()
                _take(files[:_STREAMS])
                request: dict[str, Any] = json.loads(message)
                return request
            for file in files[:_STREAMS]:
                os.close(file)
            selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, files[_STREAMS]))
            asked.send(struct.pack("!i", pid))


def _tell_status(pid: int, status_to: int) -> None:
    _, status = os.waitpid(pid, 0)
    os.write(status_to, struct.pack("!i", os.waitstatus_to_exitcode(status)))
    os.close(status_to)


def _take(streams: list[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    # Whatever else is open belongs to the parent, and to its other children.
    os.closerange(_STREAMS, os.sysconf("SC_OPEN_MAX"))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as the interpreter has them
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the same
    sys.stderr = open(  # noqa: SIM115 - the same
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )


def _run(request: dict[str, Any]) -> NoReturn:
    """Run the program as the interpreter would, to the end of its process."""
    status = 0
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
    except BaseException:  # noqa: BLE001 - whatever nobody has caught is written, and ends it
        traceback.print_exc()
        status = 1
    # The interpreter's own wait for threads, and what was to be done at the end.
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other way
    atexit._run_exitfuncs()  # noqa: SLF001 - the same
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = _NOT_WRITTEN
    os._exit(status)


if __name__ == "__main__":
    _request = main()
    if _request is not None:
        os.chdir(_request["folder"])
        os.environ.clear()
        os.environ.update(_request["environ"])
        time.tzset()
        sys.argv = ["", *_request["arguments"]]
        sys.path[0] = _request["folder"]
        # Does nothing where the environment doesn't ask for it.
        coverage.process_startup()
        _run(_request)
