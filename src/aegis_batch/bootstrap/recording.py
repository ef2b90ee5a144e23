"""Recording closes by hand in the ledger, which must never change how a close ended."""

from collections.abc import Mapping, Sequence
from contextlib import contextmanager

from loguru import logger

from aegis_batch.adapters.outbound.state.schema import migrate
from aegis_batch.adapters.outbound.system.resource_meter import SystemResourceMeter
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.recording import HeardClose, RecordCloseUseCase
from aegis_batch.bootstrap.identity import executor_id, operator
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.settings import Adapters, Settings
from aegis_batch.bootstrap.state import build_state, open_database, open_work_engine
from aegis_batch.domain.errors import AegisError, StateMisfit

__all__ = ["record_closes"]

_database = contextmanager(open_database)
_work_engine = contextmanager(open_work_engine)
# Whoever waits for the close must not wait long for its record.
_LOCK_WAIT_SECONDS = 2.0
_MISSING = frozenset({"state_missing"})
_MENDABLE = _MISSING | {"state_not_migrated"}


def record_closes(environ: Mapping[str, str], clock: Clock, closes: Sequence[HeardClose]) -> None:
    """Keep how closes ended; whatever is wrong with the state is worth a warning, and no more.

    Each is of another tenant. Adapters in memory close nothing for good, and so there is nothing to
    record.
    """
    try:
        settings = load_settings(environ, from_vault=("state_url",))
        if settings.adapters is not Adapters.MEMORY:
            _record(settings, environ, clock, closes)
    except AegisError as error:
        _warn(error.code, str(error))
    except Exception as error:  # noqa: BLE001 - the close has ended; only its record is missing
        _warn("defect", f"A defect of this program ({type(error).__name__}).")


def _record(
    settings: Settings,
    environ: Mapping[str, str],
    clock: Clock,
    closes: Sequence[HeardClose],
) -> None:
    with _database(settings, _LOCK_WAIT_SECONDS) as database, _work_engine(settings) as engine:
        use_case = RecordCloseUseCase(
            build_state(database, engine),
            clock,
            SystemResourceMeter(),
            executor_id(settings, environ),
        )
        try:
            use_case.record_each(closes, operator(settings))
        except StateMisfit as misfit:
            # Tried first, since it nearly always works, and looking costs time.
            if misfit.code not in (_MENDABLE if settings.state_migrate else _MISSING):
                raise
            migrate(database)
            use_case.record_each(closes, operator(settings))


def _warn(code: str, what: str) -> None:
    logger.bind(event="close.not_recorded", code=code).warning(
        "the close is not in the ledger; how it ended is not changed. {}", what
    )
