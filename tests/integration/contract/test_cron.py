"""What everybody promises who knows cron expressions, for the real one and the one in memory."""

from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.adapters.outbound.memory.cron import InMemoryCron
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.application.ports.cron import Cron
from aegis_batch.domain.errors import InvalidRequest


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Each list holds all the firings from an hour before its first to an hour after its last.
FIRINGS = {
    ("0 2 * * *", "UTC"): [_at("2026-11-22T02:00"), _at("2026-11-23T02:00")],
    ("15 30 2 * * *", "UTC"): [_at("2026-11-22T02:30:15"), _at("2026-11-23T02:30:15")],
    ("0 0 2 * * *", "America/Sao_Paulo"): [_at("2026-11-22T05:00"), _at("2026-11-23T05:00")],
    # Repeated: the first alone.
    ("30 1 * * *", "America/New_York"): [_at("2026-11-01T05:30"), _at("2026-11-02T06:30")],
    # Skipped: at the shift.
    ("30 2 * * *", "America/New_York"): [_at("2026-03-08T07:00"), _at("2026-03-09T06:30")],
    # No midnight on that day.
    ("0 0 0 * * *", "America/Sao_Paulo"): [_at("2018-11-04T03:00"), _at("2018-11-05T02:00")],
    # The last there is.
    ("0 0 30 12 *", "UTC"): [_at("9998-12-30T00:00"), _at("9999-12-30T00:00")],
}


@pytest.fixture(params=["system", "memory"])
def cron(request: pytest.FixtureRequest) -> Cron:
    return SystemCron() if request.param == "system" else InMemoryCron(FIRINGS)


@pytest.mark.parametrize(("expression", "zone"), FIRINGS)
def test_each_firing_leads_to_the_next_in_utc(cron: Cron, expression: str, zone: str) -> None:
    first, second = FIRINGS[expression, zone]

    found = cron.next_after(expression, zone, first - timedelta(hours=1))

    assert found == first
    assert found.tzinfo is UTC
    assert cron.next_after(expression, zone, first) == second


@pytest.mark.parametrize(("expression", "zone"), FIRINGS)
def test_whenever_one_asks_the_firing_comes_after(cron: Cron, expression: str, zone: str) -> None:
    first, second = FIRINGS[expression, zone]

    for asked in (first, first + timedelta(microseconds=1), second - timedelta(microseconds=1)):
        assert cron.next_after(expression, zone, asked) == second


def test_after_the_last_there_is_none(cron: Cron) -> None:
    last = FIRINGS["0 0 30 12 *", "UTC"][-1]

    assert cron.next_after("0 0 30 12 *", "UTC", last) is None


@pytest.mark.parametrize(
    ("expression", "zone"), [("0 24 * * *", "UTC"), ("", "UTC"), ("0 2 * * *", "Atlantis")]
)
def test_what_is_no_expression_is_refused(cron: Cron, expression: str, zone: str) -> None:
    with pytest.raises(InvalidRequest):
        cron.next_after(expression, zone, _at("2026-11-22T00:00"))
