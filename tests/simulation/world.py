"""What a seed chooses before anything happens: the place, the calendar, the schedules."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import Overlap, Schedule, ScheduleKind, Timing

__all__ = ["CATCH_UP", "KEPT", "VERIFY_DAYS", "World"]

CATCH_UP = timedelta(days=7)
# How long history is kept, so short that each world forgets most of it.
KEPT = timedelta(days=16)
VERIFY_DAYS = 4
_HOUR = timedelta(hours=1)
# Zones, and years in which their clocks do something worth being there for.
_PLACES = (
    ("America/Sao_Paulo", date(2018, 2, 1)),
    ("America/Sao_Paulo", date(2018, 10, 20)),
    ("America/Sao_Paulo", date(2026, 11, 1)),
    ("Europe/Lisbon", date(2026, 10, 10)),
    ("Europe/Lisbon", date(2027, 3, 15)),
    ("Australia/Lord_Howe", date(2026, 3, 20)),
    ("Asia/Beirut", date(2026, 3, 15)),
    ("UTC", date(2028, 2, 20)),
)
_CLOSINGS = (time(0, 30), time(1, 0), time(2, 0), time(2, 30), time(4, 0))


@dataclass(frozen=True, slots=True)
class World:
    """A place, its first day, and the schedules of the settings."""

    zone_name: str
    zone: ZoneInfo
    first_day: date
    begin: datetime
    can_find: bool
    schedules: tuple[Schedule, ...]

    @classmethod
    def of(cls, random: Random) -> "World":
        """Choose a world."""
        zone_name, first_day = random.choice(_PLACES)
        # People come at this hour, in the morning, noon or evening of the place.
        begin = datetime.combine(first_day, time(12), tzinfo=UTC)
        return cls(
            zone_name=zone_name,
            zone=load_zone(zone_name),
            first_day=first_day,
            begin=begin,
            can_find=random.random() < 0.85,
            schedules=tuple(_schedules(random, zone_name, begin)),
        )

    def after_deploy(self, random: Random, schedules: list[Schedule]) -> list[Schedule]:
        """Return the schedules of the next version: another rate, none, or that of before."""
        kept = [schedule for schedule in schedules if schedule.name != "rate"]
        rate = next(schedule for schedule in self.schedules if schedule.name == "rate")
        if random.random() < 0.3:
            return kept
        every = random.randint(5, 29) * _HOUR
        timing = Timing(ScheduleKind.FIXED_RATE, every=every)
        return [*kept, replace(rate, timing=timing)]


def _schedules(random: Random, zone: str, begin: datetime) -> list[Schedule]:
    overlaps = list(Overlap)
    once = begin + random.randint(20, 200) * _HOUR
    return [
        Schedule(
            "daily-close",
            JobKind.NIGHT,
            _cron(random.choice(_CLOSINGS), zone),
            # What the settings have unless told otherwise is what is simulated most.
            overlap=Overlap.SKIP if random.random() < 0.5 else random.choice(overlaps),
            catch_up=CATCH_UP,
            jitter_max_seconds=random.choice((0, 600, 600)),
            newest_only=True,
        ),
        Schedule(
            "close-deadline",
            JobKind.DEADLINE,
            _cron(time(6, 0), zone),
            catch_up=CATCH_UP,
            newest_only=True,
        ),
        Schedule(
            "rate",
            JobKind.DEADLINE,
            Timing(ScheduleKind.FIXED_RATE, every=17 * _HOUR),
            overlap=random.choice(overlaps),
            catch_up=CATCH_UP,
            jitter_max_seconds=random.choice((0, 3_600)),
        ),
        Schedule(
            "delay",
            random.choice((JobKind.NIGHT, JobKind.DEADLINE)),
            Timing(ScheduleKind.FIXED_DELAY, every=random.randint(10, 40) * _HOUR),
            overlap=random.choice(overlaps),
            catch_up=random.choice((6 * _HOUR, CATCH_UP)),
        ),
        Schedule(
            "once",
            JobKind.NIGHT,
            Timing(ScheduleKind.ONE_TIME, at=once),
            overlap=random.choice(overlaps),
        ),
        Schedule(
            "evening",
            JobKind.DEADLINE,
            _cron(time(22, 15), zone),
            overlap=random.choice(overlaps),
            catch_up=2 * 24 * _HOUR,
        ),
        Schedule(
            "verify-sweep",
            JobKind.SWEEP,
            _cron(random.choice((time(1, 5), time(3, 30), time(5, 0))), zone),
            catch_up=CATCH_UP,
            newest_only=True,
        ),
        Schedule(
            "retention",
            JobKind.RETENTION,
            _cron(time(4, 0), zone),
            catch_up=CATCH_UP,
            newest_only=True,
        ),
    ]


def _cron(at: time, zone: str) -> Timing:
    return Timing(ScheduleKind.CRON, cron=f"0 {at.minute} {at.hour} * * *", zone=zone)
