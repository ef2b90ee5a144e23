"""Instants as people write and read them."""

from datetime import UTC, datetime

import pytest

from aegis_batch.adapters.inbound.cli.moments import Clockface, parse_instant
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.errors import InvalidRequest

ZONE = "America/Sao_Paulo"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T05:00:00Z", datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("2026-11-22T02:00:00-03:00", datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("2026-11-22T10:30+05:30", datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("2026-11-22 02:00", datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("2026-11-22 05:00:00 UTC", datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("2026-11-22T02:00:00.25", datetime(2026, 11, 22, 5, 0, 0, 250_000, tzinfo=UTC)),
        # Twice 23:30 that day: the first is meant, as schedules mean it.
        ("2018-02-17T23:30:00", datetime(2018, 2, 18, 1, 30, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_with_its_offset_or_as_a_time_of_the_zone(
    text: str, instant: datetime
) -> None:
    assert parse_instant(text, load_zone(ZONE), ZONE) == instant


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2018-11-04T00:30:00", "skipped_time"),
        ("2026-11-22", "invalid_instant"),
        ("2026-11-31T02:00:00", "invalid_instant"),
        ("2026-11-22T25:00:00", "invalid_instant"),
        ("2026-11-22T02", "invalid_instant"),
        ("20261122T020000", "invalid_instant"),
        ("2026-W47-7T02:00:00", "invalid_instant"),
        ("2026-11-22T02:00:00-03", "invalid_instant"),
        ("2026-11-22T02:00:00 America/Sao_Paulo", "invalid_instant"),
        ("2026-11-22 UTC", "invalid_instant"),
        ("٢٠٢٦-11-22T02:00:00", "invalid_instant"),
        ("0001-01-01T00:00:00+10:00", "invalid_instant"),
        ("9999-12-31T23:00:00", "invalid_instant"),
        ("", "invalid_instant"),
        ("now", "invalid_instant"),
    ],
)
def test_what_is_no_instant_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_instant(text, load_zone(ZONE), ZONE)

    assert caught.value.code == code
    assert "2026-11-22T02:00:00" in caught.value.remedy


def test_an_instant_is_shown_with_the_zones_date_where_it_is_another() -> None:
    clockface = Clockface(load_zone(ZONE), ZONE)

    assert clockface.both(datetime(2026, 11, 22, 5, tzinfo=UTC)) == (
        "2026-11-22 05:00:00 UTC  (02:00:00-03:00 America/Sao_Paulo)"
    )
    assert clockface.both(datetime(2026, 11, 22, 1, tzinfo=UTC)) == (
        "2026-11-22 01:00:00 UTC  (2026-11-21 22:00:00-03:00 America/Sao_Paulo)"
    )
    assert clockface.both(None) is None
    assert clockface.short(None) == "-"
    assert clockface.heading == "Sao_Paulo"
