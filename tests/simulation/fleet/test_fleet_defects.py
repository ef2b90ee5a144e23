"""Defects of many tenants and machines, put in on purpose: the fleets catch each of them."""

from pathlib import Path

import pytest

from tests.simulation.worlds import ROOT, apply, copy_package, of_the_copy, simulate

_DEFECTS = sorted((ROOT / "tests" / "simulation" / "fleet" / "defects").glob("*.patch"))
_FLEET = "tests.simulation.fleet"
# Each is caught in far fewer worlds, within seconds.
_WORLDS = ("--worlds", 12, "--days", 4)
# But for these: they take a process frozen or stopped at the right moment, or a large zone.
_FIRST_SEEDS = {
    "fence_is_not_compared": 12,
    "first_page_is_all": 38,
    "work_is_handed_back_and_goes_on": 14,
}


def test_there_are_ten_defects_of_fleets_at_least() -> None:
    assert len(_DEFECTS) >= 10


@pytest.mark.parametrize("patch", _DEFECTS, ids=lambda patch: patch.stem)
def test_a_defect_of_fleets_breaks_a_law(tmp_path: Path, patch: Path) -> None:
    place = copy_package(tmp_path)
    apply(patch, place)
    seed = _FIRST_SEEDS.get(patch.stem, 1)

    ended = simulate("--seed", seed, *_WORLDS, env=of_the_copy(place), module=_FLEET)

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "a law is broken" in ended.stdout
    assert "Replay: python -m tests.simulation.fleet --seed" in ended.stdout
