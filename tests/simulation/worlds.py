"""Worlds in processes of their own: what is printed to replay one is what the tests run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import aegis_batch

__all__ = ["ROOT", "apply", "copy_package", "environment", "of_the_copy", "simulate"]

ROOT = Path(__file__).parents[2]
_SECONDS_MAX = 900


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a simulation: measuring what it covers would double its time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {**kept, **changes}


def simulate(
    *arguments: object, env: Mapping[str, str] | None = None, module: str = "tests.simulation"
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m tests.simulation``, or another one, and return how it ended."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=environment() if env is None else dict(env),
        capture_output=True,
        text=True,
        timeout=_SECONDS_MAX,
        check=False,
    )


def copy_package(place: Path) -> Path:
    """Copy the installed package to where a repository has it, and return the place."""
    installed = Path(aegis_batch.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(installed, place / "src" / "aegis_batch", ignore=ignored)
    return place


def apply(patch: Path, place: Path) -> None:
    """Apply a patch to such a copy."""
    # Outside of any repository, whatever lies above.
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", str(patch)],  # noqa: S607 - as the shell finds it
        cwd=place,
        env=environment(GIT_CEILING_DIRECTORIES=str(place.parent)),
        check=True,
    )


def of_the_copy(place: Path) -> dict[str, str]:
    """Return the environment of a simulation of such a copy."""
    return environment(PYTHONPATH=str(place / "src"))
