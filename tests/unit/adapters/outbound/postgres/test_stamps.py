"""Which time stamps prove what a column of them means."""

from datetime import UTC, datetime

import pytest

from aegis_batch.adapters.outbound.postgres.stamps import telling_stamps
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
def test_a_stamp_that_is_still_to_come_by_one_reading_alone_is_of_the_other(
    zone: str, hour: int, kind: str | None
) -> None:
    telling = telling_stamps(load_zone(zone), NOW)

    assert telling is not None
    stamp = datetime(2026, 11, 22, hour, 0)  # noqa: DTZ001 - as the column has it
    assert (telling.after < stamp <= telling.up_to) is (kind is not None)
    assert kind in (None, telling.kind)


def test_where_the_shops_time_is_utc_nothing_can_tell() -> None:
    assert telling_stamps(load_zone("Etc/UTC"), NOW) is None
