"""How the settings of a process that serves are read from text, and what makes a text unfit.

Every fault is told without the text itself, which may be a secret.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr

from aegis_batch.bootstrap.setting_types import or_fault
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.printable import printable
from aegis_batch.domain.rate_limit import RateLimit

__all__ = [
    "CalendarDay",
    "CronText",
    "NoticeAddress",
    "PersonOrMachine",
    "RateLimitText",
    "StateAddress",
    "Switch",
    "Waits",
    "check_cron",
]

_NAME_CHARACTERS_MAX = 100
_WAITS_MAX = 20
_WAIT_SECONDS_MAX = 86_400
_WAIT = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
_SWITCHES = {"true": True, "false": False}
# Any instant will do to see whether an expression ever fires.
_SOME_INSTANT = datetime(2024, 1, 1, tzinfo=UTC)


def _state_address(value: SecretStr) -> SecretStr:
    from aegis_batch.adapters.outbound.state.location import parse_state_url  # noqa: PLC0415

    or_fault(parse_state_url, value.get_secret_value())
    return value


def check_cron(value: str) -> str:
    """Return a cron expression that fires; ``ValueError`` with a reason for any other text."""
    from aegis_batch.adapters.outbound.system.cron import SystemCron  # noqa: PLC0415

    try:
        firing = SystemCron().next_after(value, "UTC", _SOME_INSTANT)
    except InvalidRequest as error:
        raise ValueError(f"is {error.message.rpartition(' is ')[2].rstrip('.')}") from None
    if firing is None:
        raise ValueError("is a cron expression that never fires")
    return value


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise ValueError("is no day; write one as YYYY-MM-DD, such as 2026-11-21")
    return day


def _waits(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",")]
    if not all(_WAIT.fullmatch(part) for part in parts):
        raise ValueError("must be seconds, separated by commas, as in 60,120,240,900")
    seconds = tuple(float(part) for part in parts)
    if len(seconds) > _WAITS_MAX:
        raise ValueError(f"has more than {_WAITS_MAX} waits")
    if not all(0 < wait <= _WAIT_SECONDS_MAX for wait in seconds):
        raise ValueError(f"must have waits above 0 and up to {_WAIT_SECONDS_MAX} seconds")
    return seconds


def _switch(value: object) -> object:
    if isinstance(value, str) and value.lower() in _SWITCHES:
        return _SWITCHES[value.lower()]
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


def _name(value: str) -> str:
    if value != value.strip() or printable(value) != value or len(value) > _NAME_CHARACTERS_MAX:
        raise ValueError(
            f"must be up to {_NAME_CHARACTERS_MAX} printable characters, without a blank at an end"
        )
    return value


def _rate_limit(value: object) -> object:
    return RateLimit.parse(value) if isinstance(value, str) else value


def _notice_address(value: SecretStr) -> SecretStr:
    from aegis_batch.adapters.outbound.http.notice_address import (  # noqa: PLC0415
        check_notice_address,
    )

    or_fault(check_notice_address, value.get_secret_value())
    return value


StateAddress = Annotated[SecretStr, AfterValidator(_state_address)]
CronText = Annotated[str, AfterValidator(check_cron)]
CalendarDay = Annotated[date, BeforeValidator(_day)]
Waits = Annotated[tuple[float, ...], BeforeValidator(_waits)]
Switch = Annotated[bool, BeforeValidator(_switch)]
RateLimitText = Annotated[RateLimit, BeforeValidator(_rate_limit)]
PersonOrMachine = Annotated[str, AfterValidator(_name)]
NoticeAddress = Annotated[SecretStr, AfterValidator(_notice_address)]
