"""Which schedules there are: those that every shop has, and those of its file."""

from collections.abc import Sequence
from datetime import timedelta

from aegis_batch.application.zoned_schedules import ZONE_MARK
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import Schedule, ScheduleKind, Timing

__all__ = ["wanted_schedules"]

_NIGHT = "daily-close"
_DEADLINE = "close-deadline"
_RETENTION = "retention"
# When the night has most likely ended.
_RETENTION_CRON = "0 0 4 * * *"
_SWEEP = "verify-sweep"


def wanted_schedules(settings: Settings, zone_names: Sequence[str] = ()) -> Sequence[Schedule]:
    """Return the schedules of the settings, with those of the zones that some tenants have.

    Raises ``InvalidRequest`` for a file that is unfit.
    """
    catch_up = timedelta(days=settings.catch_up_days)
    retention = Schedule(
        name=_RETENTION,
        job=JobKind.RETENTION,
        timing=_cron(_RETENTION_CRON, settings.timezone),
        catch_up=catch_up,
        newest_only=True,
    )
    night, deadline, *sweep = _of_zone(settings, settings.timezone, "")
    schedules = [night, deadline, retention, *sweep]
    for zone_name in zone_names:
        schedules += _of_zone(settings, zone_name, f"{ZONE_MARK}{zone_name}")
    if settings.schedules_file is None:
        return schedules
    from aegis_batch.bootstrap.schedules_file import read_schedules  # noqa: PLC0415 - few have one

    return schedules + read_schedules(
        settings.schedules_file,
        settings.timezone,
        catch_up,
        (_NIGHT, _DEADLINE, _RETENTION, _SWEEP),
    )


def _of_zone(settings: Settings, zone_name: str, mark: str) -> list[Schedule]:
    """Return the schedules that there are once for each zone; ``mark`` ends their names."""
    catch_up = timedelta(days=settings.catch_up_days)
    deadline = settings.close_deadline
    schedules = [
        Schedule(
            name=_NIGHT + mark,
            job=JobKind.NIGHT,
            timing=_cron(settings.schedule_cron, zone_name),
            overlap=settings.schedule_overlap,
            catch_up=catch_up,
            jitter_max_seconds=settings.schedule_jitter_seconds,
            newest_only=True,
        ),
        Schedule(
            name=_DEADLINE + mark,
            job=JobKind.DEADLINE,
            timing=_cron(f"0 {deadline.minute} {deadline.hour} * * *", zone_name),
            catch_up=catch_up,
            newest_only=True,
        ),
    ]
    if settings.verify_days:
        schedules.append(
            Schedule(
                name=_SWEEP + mark,
                job=JobKind.SWEEP,
                timing=_cron(settings.verify_cron, zone_name),
                catch_up=catch_up,
                newest_only=True,
            )
        )
    return schedules


def _cron(expression: str, zone_name: str) -> Timing:
    return Timing(ScheduleKind.CRON, cron=expression, zone=zone_name)
