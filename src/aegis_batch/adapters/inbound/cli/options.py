"""Options that several commands share, so that they mean the same everywhere."""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, TypeVar

import click

from aegis_batch.domain.calendar import PeriodKind

__all__ = [
    "all_option",
    "asked_kind",
    "asked_tenant",
    "asks_for_json",
    "limit_option",
    "output_option",
    "parse_day",
    "tenant_option",
]

_LIMIT_MAX = 1_000

_Command = TypeVar("_Command", bound=Callable[..., Any])


def parse_day(context: click.Context, parameter: click.Parameter, value: str | None) -> date | None:
    """Return a date given as ``YYYY-MM-DD``."""
    del context, parameter
    if value is None:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise click.BadParameter("write a day that exists as YYYY-MM-DD, such as 2026-11-21.")
    return day


def output_option(command: _Command) -> _Command:
    """Give a command the option ``--output``."""
    return click.option(
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="For people, or one JSON object for programs.",
    )(command)


def limit_option(command: _Command) -> _Command:
    """Give a command the option ``--limit``."""
    return click.option(
        "--limit",
        type=click.IntRange(1, _LIMIT_MAX),
        default=20,
        show_default=True,
        metavar="N",
        help="Show at most so many, the newest first.",
    )(command)


def tenant_option(what: str) -> Callable[[_Command], _Command]:
    """Return what gives a command the option ``--tenant``; ``what`` says what it does there."""
    return click.option(
        "--tenant",
        metavar="T",
        help=f"{what}, where AEGIS_TENANCY is multi.",
    )


def all_option(what: str) -> Callable[[_Command], _Command]:
    """Return what gives a command the option ``--all``; ``what`` says what it does there."""
    return click.option(
        "--all", "everyone", is_flag=True, help=f"{what}, where AEGIS_TENANCY is multi."
    )


def asked_tenant(arguments: Sequence[str]) -> str | None:
    """Return the tenant that the last ``--tenant`` names, if one does."""
    return _last_value("--tenant", arguments)


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Say whether the last ``--output`` is JSON, as click would, had it understood the rest."""
    return _last_value("--output", arguments) == "json"


def asked_kind(arguments: Sequence[str]) -> PeriodKind:
    """Return the kind of period that the last ``--period`` names: a day where it names none."""
    value = _last_value("--period", arguments)
    return next((kind for kind in PeriodKind if kind.value == value), PeriodKind.DAY)


def _last_value(name: str, arguments: Sequence[str]) -> str | None:
    found = None
    for word, following in pairwise([*arguments, ""]):
        option, equals, value = word.partition("=")
        if option == name:
            found = value if equals else following or found
    return found
