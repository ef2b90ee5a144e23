"""Checks of clocks: a wrong one closes a day before it is over, or a day too late."""

from aegis_batch.domain.checkup import Check
from aegis_batch.domain.clock_skew import ClockSample

__all__ = ["clock_check"]

_WARN_SECONDS = 5
_FAIL_SECONDS = 300


def clock_check(name: str, whose: str, sample: ClockSample) -> Check:
    """Tell how far a clock is from this machine's; ``whose`` is such as "the database's"."""
    skew_seconds = sample.skew_seconds
    if abs(skew_seconds) <= _WARN_SECONDS:
        return Check.ok(name, f"This machine's clock and {whose} agree within {_WARN_SECONDS} s.")
    side = "behind" if skew_seconds > 0 else "ahead of"
    message = f"This machine's clock is {_duration(abs(skew_seconds))} {side} {whose}."
    remedy = (
        "Find out which of the two is wrong, and let it follow NTP (timedatectl set-ntp true):"
        " which day is over, and so is closed, goes by this machine's clock."
    )
    if abs(skew_seconds) <= _FAIL_SECONDS:
        return Check.warn(name, message, remedy)
    return Check.fail(name, message, remedy)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 2 * 60:
        return f"{whole} s"
    if whole < 2 * 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h" if whole < 48 * 3600 else f"{whole // 86_400} days"
