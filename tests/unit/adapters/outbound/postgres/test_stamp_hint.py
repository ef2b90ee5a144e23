"""What the newest time stamp proves about its meaning."""

from datetime import UTC, datetime

import pytest

from aegis_batch.adapters.outbound.postgres.fitting import stamp_hint
from aegis_batch.adapters.outbound.system.time_zones import load_zone

# Noon in UTC is nine in the morning in São Paulo, and nine in the evening in Tokyo.
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "hour", "kind"),
    [
        ("America/Sao_Paulo", 11, "utc"),
        ("America/Sao_Paulo", 9, None),
        ("America/Sao_Paulo", 3, None),
        ("America/Sao_Paulo", 13, None),
        ("Asia/Tokyo", 20, "wall"),
        ("Asia/Tokyo", 12, None),
        ("Asia/Tokyo", 23, None),
    ],
)
def test_a_stamp_that_is_still_to_come_by_one_reading_is_of_the_other(
    zone: str, hour: int, kind: str | None
) -> None:
    hint = stamp_hint(datetime(2026, 11, 22, hour, 0), load_zone(zone), NOW)  # noqa: DTZ001

    assert (hint is None) is (kind is None)
    if kind is not None:
        assert f"AEGIS_ORDERS_PLACED_AT_KIND={kind}." in str(hint)


def test_no_order_proves_nothing() -> None:
    assert stamp_hint(None, load_zone("Asia/Tokyo"), NOW) is None
