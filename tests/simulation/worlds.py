"""Worlds in processes of their own: what is printed to replay one is what the tests run."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["ROOT", "environment", "simulate"]

ROOT = Path(__file__).parents[2]
_SECONDS_MAX = 900


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a simulation: measuring what it covers would double its time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {**kept, **changes}


def simulate(
    *arguments: object, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m tests.simulation`` and return how it ended."""
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *map(str, arguments)],
        cwd=ROOT,
        env=environment() if env is None else dict(env),
        capture_output=True,
        text=True,
        timeout=_SECONDS_MAX,
        check=False,
    )
