"""Defects put in on purpose: a simulator that misses one is not worth its time."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.worlds import ROOT, apply, copy_package, of_the_copy, simulate

_DEFECTS = sorted((ROOT / "tests" / "simulation" / "defects").glob("*.patch"))
# Each is caught in far fewer days, within a second or two.
_WORLDS = ("--seed", 1, "--worlds", 9, "--days", 60)
# But for these, which take a person who cancels, or starts, just when something has happened.
_FIRST_SEEDS = {
    "backfill_goes_on_when_cancelled": 10,
    "cancelled_rebuild_forgets_its_doubt": 31,
    "outdated_plan_is_started": 10,
    "week_loses_a_day": 10,
}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a directory with a copy of the installed package, where the repository has it."""
    return copy_package(tmp_path)


def test_there_are_ten_defects_at_least() -> None:
    assert len(_DEFECTS) >= 10


def test_the_copy_without_a_defect_breaks_no_law(copied: Path) -> None:
    asked = [sys.executable, "-c", "import aegis_batch; print(aegis_batch.__file__)"]
    used = subprocess.run(
        asked, cwd=ROOT, env=of_the_copy(copied), capture_output=True, text=True, check=True
    )

    ended = simulate(*_WORLDS, env=of_the_copy(copied))

    assert used.stdout.strip() == str(copied / "src" / "aegis_batch" / "__init__.py")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("patch", _DEFECTS, ids=lambda patch: patch.stem)
def test_a_defect_breaks_a_law(copied: Path, patch: Path) -> None:
    apply(patch, copied)
    seed = _FIRST_SEEDS.get(patch.stem, 1)

    ended = simulate("--seed", seed, *_WORLDS[2:], env=of_the_copy(copied))

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "a law is broken" in ended.stdout
    assert "Replay: python -m tests.simulation --seed" in ended.stdout
