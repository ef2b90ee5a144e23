"""A run has a time limit, which the limits of the calls in it must keep."""

from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.http.backend import longest_call_seconds
from aegis_batch.adapters.outbound.postgres.database import longest_read_seconds
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.run_limit import longest_close_seconds, refuse_longer_runs
from aegis_batch.domain.errors import InvalidRequest

ORDERS = 3 * (30 + 10 + 5 * (600 + 5) + 5) + 2 * 2
SUBMIT = FIND = 3 * 10 + 2 * 60
FIND_ONCE = 10
SMALL = {
    "AEGIS_HTTP_TIMEOUT_SECONDS": "2",
    "AEGIS_HTTP_MAX_ATTEMPTS": "1",
    "AEGIS_DB_CONNECT_SECONDS": "4",
    "AEGIS_DB_STATEMENT_TIMEOUT_SECONDS": "8",
}
REPORTS = {"AEGIS_REPORTS_URL": "postgresql://writer@db.example/reports"}
READ = 3 * (4 + 10 + 5 * (8 + 5) + 5) + 2 * 2
DEED = 4 + 10 + 2 * 30 + 5
SMALL_SUM = 2 + 3 * (4 + 10 + 5 * (8 + 5) + 5) + 4 + 2 + 2


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({}, FIND + ORDERS + SUBMIT + FIND_ONCE),
        ({"AEGIS_REPORT_STATUS": "none"}, ORDERS + SUBMIT),
        (
            {"AEGIS_REPORT_STATUS": "table"},
            3 * (45 + 2 * 605) + 4 + ORDERS + SUBMIT + (45 + 2 * 605),
        ),
        (SMALL, SMALL_SUM),
        (
            {**SMALL, "AEGIS_REPORT_GATEWAY": "sql", **REPORTS},
            READ + 2 * (3 * DEED + 2 * 2) + (4 + 10 + 3 * (8 + 5) + 5) + DEED,
        ),
        ({"AEGIS_ADAPTERS": "memory", "AEGIS_MEMORY_ORDERS": "orders.json"}, 0),
    ],
)
def test_the_longest_close_is_the_sum_of_what_each_call_may_take(
    settings: dict[str, str], seconds: float
) -> None:
    assert longest_close_seconds(load_settings(settings)) == seconds


@pytest.mark.parametrize("source", ["backend", "table", "none"])
def test_the_settings_as_they_come_are_within_the_limit(source: str) -> None:
    refuse_longer_runs(load_settings({"AEGIS_REPORT_STATUS": source}))


def test_a_limit_that_the_longest_close_just_keeps_is_taken() -> None:
    refuse_longer_runs(load_settings({**SMALL, "AEGIS_RUN_LIMIT_SECONDS": str(SMALL_SUM)}))


def test_settings_that_add_up_to_more_are_refused_with_the_sum_and_their_names() -> None:
    settings = load_settings({**SMALL, "AEGIS_RUN_LIMIT_SECONDS": str(SMALL_SUM - 1)})

    with pytest.raises(InvalidRequest) as refused:
        refuse_longer_runs(settings)

    assert refused.value.code == "run_limit_too_low"
    assert f"could take {SMALL_SUM} s" in refused.value.message
    assert f"AEGIS_RUN_LIMIT_SECONDS allows a run {SMALL_SUM - 1} s" in refused.value.message
    for name, value in SMALL.items():
        assert f"{name}={value}" in refused.value.message
    assert "AEGIS_DB_STATEMENT_TIMEOUT_SECONDS first" in refused.value.remedy


def test_each_wait_between_requests_may_be_as_long_as_a_backend_may_ask_for() -> None:
    assert longest_call_seconds(10, 1, 0.5) == 10
    assert longest_call_seconds(10, 4, 0.5) == 4 * 10 + 3 * 60


def test_a_read_may_break_off_twice_unless_it_is_made_once() -> None:
    once = longest_read_seconds(30, 600, 1, once=True)

    assert once == 30 + 10 + 605 + 5
    assert longest_read_seconds(30, 600, 1) == 3 * once + 2 * 2
