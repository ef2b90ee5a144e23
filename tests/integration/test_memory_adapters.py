"""The whole close without any server: AEGIS_ADAPTERS=memory, in a real process."""

import json
from pathlib import Path

import pytest

from tests.integration.closing import BODY, ORDERS_JSON
from tests.integration.program import run
from tests.integration.shop import CLOSE


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    orders = tmp_path / "orders.json"
    orders.write_text(ORDERS_JSON, encoding="utf-8")
    return {"AEGIS_ADAPTERS": "memory", "AEGIS_MEMORY_ORDERS": str(orders)}


def test_a_day_is_closed_from_a_file_of_orders(settings: dict[str, str], tmp_path: Path) -> None:
    ended = run(CLOSE, settings, tmp_path)

    assert ended.status == 0, ended.err
    assert ended.told["outcome"] == "created"
    assert ended.told["report"] == json.loads(BODY)
    events = [json.loads(line)["event"] for line in ended.err.splitlines()]
    assert events == [
        "job.started",
        "report.sought",
        "orders.read",
        "report.submitted",
        "job.completed",
    ]


@pytest.mark.parametrize("content", [None, "{}", "[{}]", "no JSON"])
def test_a_file_that_holds_no_orders_is_unreadable(
    settings: dict[str, str], tmp_path: Path, content: str | None
) -> None:
    orders = Path(settings["AEGIS_MEMORY_ORDERS"])
    if content is None:
        orders.unlink()
    else:
        orders.write_text(content, encoding="utf-8")

    ended = run(CLOSE, settings, tmp_path)

    assert ended.status == 6
    assert ended.told["outcome"] == "unreadable"
    assert ended.told["error"]["retryable"] is False
    assert "Traceback" not in ended.err


def test_a_variable_that_is_no_setting_is_warned_of(
    settings: dict[str, str], tmp_path: Path
) -> None:
    ended = run(CLOSE, {**settings, "AEGIS_TIMEZON": "UTC"}, tmp_path)

    first = json.loads(ended.err.splitlines()[0])
    assert (first["level"], first["event"]) == ("WARNING", "setting.unknown")
    assert (first["variable"], first["guess"]) == ("AEGIS_TIMEZON", "AEGIS_TIMEZONE")
