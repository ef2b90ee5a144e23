"""Ten thousand days in which everything goes wrong, and no law is broken."""

import pytest

from tests.simulation.reached import not_reached
from tests.simulation.worlds import environment, simulate

_WORLDS = 10
_DAYS = 125


@pytest.mark.parametrize("first_seed", range(1, 1 + 8 * _WORLDS, _WORLDS))
def test_no_law_is_broken_in_so_many_days_and_everything_is_reached(first_seed: int) -> None:
    ended = simulate("--seed", first_seed, "--worlds", _WORLDS, "--days", _DAYS)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{_WORLDS * _DAYS} days in" in ended.stdout


def test_a_seed_replays_to_the_byte_in_any_process() -> None:
    runs = [
        simulate("--seed", 1, "--worlds", 3, "--days", 40, "--digests", env=environment(**hashes))
        for hashes in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"}, {})
    ]
    digests = [run.stdout.splitlines()[:-1] for run in runs]

    assert [run.returncode for run in runs] == [0, 0, 0]
    assert len(set(digests[0])) == 3
    assert digests[0] == digests[1] == digests[2]


def test_what_was_not_reached_is_named() -> None:
    missing = not_reached({"day: closed": 95, "day: nobody could close it": 5})

    assert "submit: commits and drops the answer" in missing
    assert "run: cancelled" in missing
    assert "whim: long stop" in missing
    assert any("5 could not be closed" in what for what in missing)
