"""What a close is known by."""

from dataclasses import FrozenInstanceError
from datetime import date

import pytest

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import CloseKey, Run


def _key(tenant: str = "default", day: int = 21) -> CloseKey:
    return CloseKey(tenant, Period(PeriodKind.DAY, date(2026, 11, day)))


def test_attempts_at_the_same_close_share_its_key() -> None:
    first, second = Run("run 1", "1" * 32, _key()), Run("run 2", "2" * 32, _key())

    assert first != second
    assert first.key == second.key
    assert len({first.key, second.key}) == 1


def test_another_tenant_or_another_day_is_another_close() -> None:
    assert len({_key(), _key(tenant="north"), _key(day=22)}) == 3


def test_a_run_can_not_be_changed() -> None:
    run = Run("run 1", "1" * 32, _key())

    with pytest.raises(FrozenInstanceError):
        run.id = "run 2"  # type: ignore[misc]
