"""Lines that a person can paste into a shell."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["called_as", "export_lines"]

_PROGRAM = "aegis-batch"


def export_lines(variables: Mapping[str, str], unset: Iterable[str] = ()) -> list[str]:
    """Return the lines that set variables, after one that unsets others where there are any."""
    names = list(unset)
    lines = [f"unset {' '.join(names)}"] if names else []
    return lines + [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def called_as() -> str:
    """Return how this program was called, in a form that works again in the same folder."""
    called = sys.argv[0]
    if Path(called).name != _PROGRAM:
        return f"{shlex.quote(sys.executable)} -m {__name__.partition('.')[0]}"
    found = shutil.which(_PROGRAM)
    if found is not None and os.path.realpath(found) == os.path.realpath(called):
        return _PROGRAM
    return shlex.quote(called)
