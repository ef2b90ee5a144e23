"""Further schedules, read from the TOML file that ``AEGIS_SCHEDULES_FILE`` names."""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.bootstrap.serving_types import check_cron
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.printable import printable
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import Overlap, Schedule, ScheduleKind, Timing

__all__ = ["read_schedules"]

_FILE_BYTES_MAX = 64 * 1024 * 1024
_FAULTS_SHOWN_MAX = 20
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_JOBS = (JobKind.NIGHT, JobKind.DEADLINE)
_EVERY_SECONDS_MAX = 366 * 86_400
_CATCH_UP_DAYS_MAX = 366
_JITTER_SECONDS_MAX = 86_400
_OF_KIND = {
    ScheduleKind.CRON: ("cron", "zone"),
    ScheduleKind.FIXED_RATE: ("every_seconds",),
    ScheduleKind.FIXED_DELAY: ("every_seconds",),
    ScheduleKind.ONE_TIME: ("at",),
}
_OF_ANY = ("name", "job", "kind", "overlap", "catch_up_days", "jitter_seconds", "newest_only")
_KNOWN = (*_OF_ANY, "cron", "zone", "every_seconds", "at")

_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(slots=True)
class _Entry:
    """One table of the file, and what is wrong with it so far."""

    called: str
    content: Mapping[str, object]
    faults: list[str] = field(default_factory=list)

    def fault(self, name: str, what: str) -> None:
        self.faults.append(f"schedule {self.called}: {name} {what}")

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self.content.get(name, default)
        if isinstance(value, str):
            return value
        self.fault(name, "is missing" if value is None else "is no text")
        return None

    def choice(self, name: str, choices: Collection[_Choice], default: _Choice) -> _Choice:
        value = self.content.get(name, default)
        for choice in choices:
            if value == choice.value:
                return choice
        self.fault(name, f"must be one of {', '.join(choices)}")
        return default

    def number(self, name: str, low: float, high: float, default: float | None) -> float:
        value = self.content.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return value
        what = "is missing" if value is None else f"must be a number from {low:g} to {high:g}"
        self.fault(name, what)
        return low


def read_schedules(
    path: Path, zone: str, catch_up: timedelta, built_in: Collection[str]
) -> list[Schedule]:
    """Return the schedules of a file, in its order.

    ``zone`` and ``catch_up`` are those of schedules that don't say; ``built_in`` names schedules
    that a file can't redefine. Raises ``InvalidRequest`` with every fault, each with the file, the
    schedule and the field.
    """
    tables, faults = _tables(path)
    schedules: list[Schedule] = []
    taken = set(built_in)
    for place, content in enumerate(tables, start=1):
        entry = _Entry(_called(content, place), content if isinstance(content, dict) else {})
        if not isinstance(content, dict):
            entry.faults.append(f"schedule {entry.called}: is no table; write [[schedule]]")
        else:
            schedule = _schedule(entry, zone, catch_up, taken)
            if schedule is not None:
                taken.add(schedule.name)
                schedules.append(schedule)
        faults += entry.faults
    if faults:
        raise _unfit(path, faults)
    return schedules


def _tables(path: Path) -> tuple[list[object], list[str]]:
    """Return the tables of the file, and what is wrong around them."""
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
        if len(content) > _FILE_BYTES_MAX:
            raise _unfit(path, [f"it is over {_FILE_BYTES_MAX // 1024 // 1024} MiB"])
        parsed = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else "not readable"
        raise _unfit(path, [f"it can't be read: {reason}"]) from None
    except UnicodeDecodeError:
        raise _unfit(path, ["it is not UTF-8"]) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        told = printable(str(error)) if isinstance(error, tomllib.TOMLDecodeError) else "too deep"
        raise _unfit(path, [f"it is no TOML: {told}"]) from None
    faults: list[str] = []
    strangers = sorted(set(parsed) - {"schedule"})
    if strangers:
        told = ", ".join(printable(name)[:40] for name in strangers[:5])
        faults.append(f"it has {told} at its top; there can be only [[schedule]] tables")
    tables = parsed.get("schedule", [])
    if not isinstance(tables, list):
        faults.append("schedule is no list of tables; write [[schedule]], in double brackets")
        return [], faults
    return tables, faults


def _schedule(
    entry: _Entry, zone: str, catch_up: timedelta, taken: Collection[str]
) -> Schedule | None:
    name = entry.text("name")
    if name is not None and not _NAME.fullmatch(name):
        entry.fault("name", "must be up to 63 small letters, digits and hyphens")
    elif name in taken:
        entry.fault("name", "is taken by another schedule")
    kind = entry.choice("kind", tuple(ScheduleKind), ScheduleKind.CRON)
    _refuse_strangers(entry, kind)
    job = entry.choice("job", _JOBS, JobKind.NIGHT) if "job" in entry.content else None
    if job is None:
        entry.fault("job", f"is missing: {' or '.join(_JOBS)}")
    timing = _timing(entry, kind, zone)
    overlap = entry.choice("overlap", tuple(Overlap), Overlap.SKIP)
    days = _catch_up_days(entry, catch_up / timedelta(days=1))
    jitter = entry.number("jitter_seconds", 0, _JITTER_SECONDS_MAX, 0)
    if jitter % 1:
        entry.fault("jitter_seconds", "must be whole")
    newest_only = entry.content.get("newest_only", True)
    if not isinstance(newest_only, bool):
        entry.fault("newest_only", "must be true or false")
    if entry.faults or name is None or job is None or timing is None:
        return None
    return Schedule(
        name=name,
        job=job,
        timing=timing,
        overlap=overlap,
        catch_up=timedelta(days=days),
        jitter_max_seconds=int(jitter),
        newest_only=bool(newest_only),
    )


def _catch_up_days(entry: _Entry, window_days: float) -> float:
    days = entry.number("catch_up_days", 1, _CATCH_UP_DAYS_MAX, window_days)
    if days > window_days:
        # No run would find the day of such a firing: it is missed whatever stands here.
        entry.fault(
            "catch_up_days",
            f"is above AEGIS_CATCH_UP_DAYS, which is {window_days:g}: lower it, or raise that",
        )
    return days


def _timing(entry: _Entry, kind: ScheduleKind, zone: str) -> Timing | None:
    if kind is ScheduleKind.CRON:
        cron = _checked(entry, "cron", entry.text("cron"), check_cron)
        place = _checked(entry, "zone", entry.text("zone", zone), _check_zone)
        return None if cron is None or place is None else Timing(kind, cron=cron, zone=place)
    if kind is ScheduleKind.ONE_TIME:
        at = entry.content.get("at")
        if not isinstance(at, datetime) or at.tzinfo is None:
            what = "is missing" if at is None else "is no date and time with an offset"
            entry.fault("at", f"{what}; write one without quotes, as in 2026-11-30T12:00:00-03:00")
            return None
        return Timing(kind, at=at.astimezone(UTC))
    seconds = entry.number("every_seconds", 1, _EVERY_SECONDS_MAX, None)
    return Timing(kind, every=timedelta(seconds=seconds))


def _checked(
    entry: _Entry, name: str, value: str | None, check: Callable[[str], object]
) -> str | None:
    if value is None:
        return None
    try:
        check(value)
    except ValueError as error:
        entry.fault(name, str(error))
        return None
    return value


def _check_zone(value: str) -> None:
    try:
        load_zone(value)
    except KeyError:
        raise ValueError("is no IANA time zone; write one such as America/Sao_Paulo") from None


def _refuse_strangers(entry: _Entry, kind: ScheduleKind) -> None:
    for name in entry.content:
        if name not in _KNOWN:
            close = difflib.get_close_matches(name, _KNOWN, n=1)
            guess = f"; is it {close[0]}?" if close else ""
            entry.fault(printable(name)[:40], f"is no field of a schedule{guess}")
        elif name not in (*_OF_ANY, *_OF_KIND[kind]):
            entry.fault(name, f"does not go with the kind {kind}")


def _called(content: object, place: int) -> str:
    name = content.get("name") if isinstance(content, dict) else None
    return printable(name)[:63] if isinstance(name, str) and name else f"number {place}"


def _unfit(path: Path, faults: list[str]) -> InvalidRequest:
    shown = "; ".join(faults[:_FAULTS_SHOWN_MAX])
    more = len(faults) - _FAULTS_SHOWN_MAX
    return InvalidRequest(
        "invalid_schedules_file",
        f"AEGIS_SCHEDULES_FILE: {printable(str(path))}: {shown}"
        + (f"; and {more} more faults." if more > 0 else "."),
        "What can stand in the file is in docs/schedules.md.",
    )
