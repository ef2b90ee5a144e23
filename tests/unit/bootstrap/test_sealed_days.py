"""What merges weeks from seals, as it is wired: for a close by hand, and for serve."""

from datetime import date
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.application.close_job import CloseJob
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.dependent_job import DependentJob
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.bootstrap.container import Container
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.serving_container import ServingContainer
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.state_by_hand import StateByHand
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import StateMisfit
from aegis_batch.domain.run import CloseKey, JobKind

KEY = CloseKey("default", Period(PeriodKind.WEEK, date(2026, 11, 16)))


def settings_of(folder: Path, **more: str) -> Settings:
    return load_settings(
        {
            "AEGIS_STATE_URL": f"sqlite:///{folder / 'state.db'}",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            "BACKEND_BASE_URL": "http://127.0.0.1:1",
            "X_SERVICE_TOKEN": "token",
            **more,
        }
    )


def sealed_days_of(use_case: DailyCloseUseCase) -> SealedDays | None:
    return use_case._sealed_days  # noqa: SLF001 - how it is wired shows nowhere else


def test_a_state_that_isnt_there_knows_of_no_seal_and_isnt_made(tmp_path: Path) -> None:
    container = Container(settings=settings_of(tmp_path), environ={})
    try:
        sealed_days = sealed_days_of(container.daily_close())
        assert sealed_days is not None
        assert sealed_days.merged(KEY) is None
    finally:
        container.shutdown_resources()
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_cant_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"no database at all, but long enough to be looked at")
    state = StateByHand(settings_of(tmp_path))

    with pytest.raises(StateMisfit), state.look():
        pass
    state.close()


def test_adapters_in_memory_have_nothing_to_merge(tmp_path: Path) -> None:
    orders = tmp_path / "orders.json"
    orders.write_text("[]")
    settings = settings_of(tmp_path, AEGIS_ADAPTERS="memory", AEGIS_MEMORY_ORDERS=str(orders))

    assert sealed_days_of(Container(settings=settings, environ={}).daily_close()) is None


@pytest.mark.parametrize("job", [JobKind.CLOSE, JobKind.REBUILD])
def test_serve_merges_from_the_state_that_it_serves(tmp_path: Path, job: JobKind) -> None:
    container = ServingContainer(settings=settings_of(tmp_path), environ={})
    try:
        close = container.jobs()[job]
        if isinstance(close, DependentJob):
            close = close._job  # noqa: SLF001 - as above
        assert isinstance(close, CloseJob)
        sealed_days = sealed_days_of(close._daily_close)  # noqa: SLF001 - as above
        assert sealed_days is not None
        state = container.state()
        assert isinstance(state, SqlState)
        assert sealed_days._look == state.look  # noqa: SLF001 - as above
    finally:
        container.shutdown_resources()
