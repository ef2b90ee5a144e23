"""How settings are read from text: the choices they have, and what makes a text unfit.

Every fault is told without the text itself, which may be a secret.
"""

from collections.abc import Callable
from datetime import time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr

from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema, TableName
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.consistency import Action, Rule, Rules
from aegis_batch.domain.errors import InvalidRequest

__all__ = [
    "Adapters",
    "BackendAddress",
    "CommaSeparated",
    "DatabaseAddress",
    "DecimalNumber",
    "Environment",
    "LogFormat",
    "LogLevel",
    "Name",
    "NameOrNone",
    "ReportGatewayKind",
    "ReportStatusSource",
    "ReportsAddress",
    "RuleActions",
    "ServiceToken",
    "TableOrView",
    "TimeOfDay",
    "ZoneName",
    "or_fault",
]

_TOLERANCE_DIGITS_MAX = 30


class Adapters(StrEnum):
    """Which adapters stand behind the ports."""

    REAL = "real"
    MEMORY = "memory"


class Environment(StrEnum):
    """Where the program runs; only ``local`` reads a ``.env`` file."""

    LOCAL = "local"
    PRODUCTION = "production"


class ReportStatusSource(StrEnum):
    """Where the program learns whether a day is closed already."""

    BACKEND = "backend"
    TABLE = "table"
    NONE = "none"


class ReportGatewayKind(StrEnum):
    """What takes the reports: a Backend over HTTP, or a database of derived data."""

    HTTP = "http"
    SQL = "sql"


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class LogFormat(StrEnum):
    """How log lines look: for machines or for people."""

    JSON = "json"
    TEXT = "text"


def _table(value: str) -> str:
    or_fault(lambda text: TableName.parse(text, "It"), value)
    return value


def _column(value: str) -> str:
    or_fault(lambda text: OrdersSchema(order_id=text), value)
    return value


def _status_list(value: tuple[str, ...]) -> tuple[str, ...]:
    if any("\0" in status for status in value):
        raise ValueError("holds a status that PostgreSQL can't store")
    return value


def _known_zone(value: str) -> str:
    try:
        load_zone(value)
    except KeyError:
        raise ValueError("is no IANA time zone; write one such as America/Sao_Paulo") from None
    return value


def _hours_and_minutes(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        parsed = time.fromisoformat(value)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is not None or value != f"{parsed:%H:%M}":
        raise ValueError("is no time of day; write hours and minutes such as 02:30")
    return parsed


def _comma_separated(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _decimal_number(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("is no decimal number; write one such as 0.05") from None
    if not number.is_finite() or number < 0:
        raise ValueError("must be a number that is finite and not negative")
    exponent = number.as_tuple().exponent
    if number.adjusted() >= _TOLERANCE_DIGITS_MAX or exponent < -_TOLERANCE_DIGITS_MAX:  # type: ignore[operator] # finite, so a number
        raise ValueError(f"must have at most {_TOLERANCE_DIGITS_MAX} digits on each side")
    return number


def _rule_actions(value: object) -> object:
    if not isinstance(value, str):
        return value
    actions: dict[Rule, Action] = {}
    for pair in filter(None, (part.strip() for part in value.split(","))):
        rule, action = _rule_action(pair)
        if rule in actions:
            raise ValueError(f"names {rule} twice")
        actions[rule] = action
    return actions


def _rule_action(pair: str) -> tuple[Rule, Action]:
    name, _, wanted = (part.strip() for part in pair.partition("="))
    if name not in set(Rule):
        raise ValueError(f"names an unknown rule; the rules are {', '.join(Rule)}")
    if wanted not in set(Action):
        raise ValueError(f"must say {', '.join(Action)} for {name}, as in {name}=warn")
    rule, action = Rule(name), Action(wanted)
    if not Rules.can_override(rule) and action is not Action.REJECT:
        raise ValueError(f"can't soften {name}, which always rejects")
    return rule, action


def _backend_address(value: str) -> str:
    from aegis_batch.adapters.outbound.http.connection import (  # noqa: PLC0415
        check_base_url,
        check_protected,
    )

    or_fault(lambda text: check_protected(check_base_url(text)), value)
    return value


def _database_address(value: SecretStr) -> SecretStr:
    from aegis_batch.adapters.outbound.postgres.database_url import (  # noqa: PLC0415
        parse_database_url,
    )

    or_fault(parse_database_url, value.get_secret_value())
    return value


def _reports_address(value: SecretStr) -> SecretStr:
    from aegis_batch.adapters.outbound.postgres.derived.address import (  # noqa: PLC0415
        parse_reports_url,
    )

    or_fault(parse_reports_url, value.get_secret_value())
    return value


def _header_value(value: SecretStr) -> SecretStr:
    from aegis_batch.adapters.outbound.http.connection import check_token  # noqa: PLC0415

    or_fault(check_token, value.get_secret_value())
    return value


def or_fault(check: Callable[[str], object], value: str) -> None:
    """Check a value with what raises ``InvalidRequest``, and raise ``ValueError`` in its place."""
    try:
        check(value)
    except InvalidRequest as error:
        # The message starts with one word that names what is checked; the variable stands for it.
        what = error.message.split(" ", 1)[1].rstrip(".")
        raise ValueError(f"{what} ({error.remedy.rstrip('.')})") from None


Name = Annotated[str, AfterValidator(_column)]
NameOrNone = Annotated[
    str | None, AfterValidator(lambda value: None if not value else _column(value))
]
TableOrView = Annotated[str, AfterValidator(_table)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
TimeOfDay = Annotated[time, BeforeValidator(_hours_and_minutes)]
CommaSeparated = Annotated[
    tuple[str, ...], BeforeValidator(_comma_separated), AfterValidator(_status_list)
]
DecimalNumber = Annotated[Decimal, BeforeValidator(_decimal_number)]
RuleActions = Annotated[dict[Rule, Action], BeforeValidator(_rule_actions)]
BackendAddress = Annotated[str, AfterValidator(_backend_address)]
DatabaseAddress = Annotated[SecretStr, AfterValidator(_database_address)]
ReportsAddress = Annotated[SecretStr, AfterValidator(_reports_address)]
ServiceToken = Annotated[SecretStr, AfterValidator(_header_value)]
