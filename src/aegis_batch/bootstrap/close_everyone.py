"""Closing all tenants by hand: the wiring."""

from collections.abc import Sequence

from aegis_batch.adapters.outbound.system import identifiers
from aegis_batch.adapters.outbound.system.at_once import SystemAtOnce
from aegis_batch.adapters.outbound.system.resource_meter import SystemResourceMeter
from aegis_batch.application.close_everyone import CloseEveryoneUseCase, HeardResults
from aegis_batch.application.close_job import CloseJob, Rehearsal
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.recording import HeardClose
from aegis_batch.application.shard_close import ShardClose
from aegis_batch.bootstrap.container import Container
from aegis_batch.bootstrap.tenants import build_tenant_directory

__all__ = ["close_everyone_of"]


def close_everyone_of(container: Container, rehearsal: Rehearsal | None) -> CloseEveryoneUseCase:
    """Return what closes all tenants, or rehearses that; the container has its listener."""
    settings, clock = container.settings(), container.clock()
    listener, results = container.listener(), HeardResults()
    assert isinstance(listener, AttemptListener)  # noqa: S101 - see above

    def keep(closes: Sequence[HeardClose]) -> None:
        from aegis_batch.bootstrap.recording import record_closes  # noqa: PLC0415 - it costs time

        record_closes(container.environ(), clock, closes)

    shard_close = ShardClose(
        CloseJob(container.daily_close(), container.deriving().read, rehearsal, results.tell),
        container.order_reader(),
        settings.consistency_rules.tolerance,
        SystemAtOnce(settings.shard_submissions_at_once),
        clock,
        SystemResourceMeter(),
    )
    return CloseEveryoneUseCase(
        directory=build_tenant_directory(settings),
        shard_close=shard_close,
        calendars=container.calendars(),
        clock=clock,
        identifiers=identifiers,
        listener=listener,
        results=results,
        keep=keep if rehearsal is None else None,
        leases=container.hand_leases() if rehearsal is None else None,
    )
