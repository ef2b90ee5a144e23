"""Ten thousand days of tenants on fleets in which everything goes wrong: no law is broken."""

import pytest

from tests.simulation.fleet.reached import not_reached
from tests.simulation.worlds import environment, simulate

_FLEET = "tests.simulation.fleet"
_TENANT_DAYS = 5_000
_WORLDS_MAX = 60


@pytest.mark.parametrize("first_seed", [1, 1 + _WORLDS_MAX])
def test_no_law_is_broken_in_so_many_days_of_tenants(first_seed: int) -> None:
    ended = simulate(
        *("--seed", first_seed, "--worlds", _WORLDS_MAX, "--tenant-days", _TENANT_DAYS),
        module=_FLEET,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert int(ended.stdout.split()[0]) >= _TENANT_DAYS


def test_a_fleet_replays_to_the_byte_in_any_process() -> None:
    runs = [
        simulate(
            *("--seed", 1, "--worlds", 3, "--days", 2, "--digests"),
            env=environment(PYTHONHASHSEED=seed),
            module=_FLEET,
        )
        for seed in ("1", "2")
    ]
    digests = [run.stdout.splitlines()[:-1] for run in runs]

    assert [run.returncode for run in runs] == [0, 0]
    assert len(set(digests[0])) == 3
    assert digests[0] == digests[1]


def test_what_no_fleet_reached_is_named() -> None:
    missing = not_reached({"executor: buried": 1})

    assert "submit: commits and drops the answer" in missing
    assert "executor: buried" not in missing
