"""The program where the file system is read only: ``python -m`` this, with the program's arguments.

Each try to write a file is told on standard error, and none gets through.
"""

import os
import sys

_CHANGES = ("os.mkdir", "os.rename", "os.symlink", "os.link", "tempfile.mkstemp")


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if not isinstance(flags, int) or path == os.devnull:
            return
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
    elif event not in _CHANGES:
        return
    os.write(2, f"WROTE {event} {arguments}\n".encode())
    raise PermissionError(30, "read-only")


if __name__ == "__main__":
    sys.addaudithook(_look)
    from aegis_batch.__main__ import main

    sys.exit(main())
