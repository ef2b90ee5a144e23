"""The settings: every variable, its default and its bounds.

A field's variable is ``AEGIS_`` and its name in capitals, but for the three whose names are given.
"""

from collections.abc import Callable
from datetime import time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from aegis_batch.adapters.outbound.postgres.orders_schema import PlacedAtKind
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.bootstrap.variables import Fault
from aegis_batch.domain.consistency import Action, Rule, Rules
from aegis_batch.domain.errors import InvalidRequest

__all__ = [
    "Adapters",
    "Environment",
    "LogFormat",
    "LogLevel",
    "ReportStatusSource",
    "Settings",
    "variable_of",
]

_PREFIX = "AEGIS_"
_GIVEN_NAMES = {
    "database_url": "DATABASE_URL",
    "backend_base_url": "BACKEND_BASE_URL",
    "x_service_token": "X_SERVICE_TOKEN",
}
_MAY_BE_EMPTY = frozenset({"orders_total", "orders_status", "orders_statuses", "rules"})


def variable_of(field: str) -> str:
    """Return the name of the environment variable that a field is read from."""
    return _GIVEN_NAMES.get(field, _PREFIX + field.upper())


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


Name = Annotated[str, Field(min_length=1, max_length=200)]


class Settings(BaseModel):
    """All settings, validated; secrets are secret types. ``load_settings`` gathers the values."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=False
    )

    database_url: SecretStr | None = None
    backend_base_url: str | None = None
    x_service_token: SecretStr | None = None

    environment: Environment = Environment.LOCAL
    adapters: Adapters = Adapters.REAL
    memory_orders: Path | None = None

    timezone: str = "America/Sao_Paulo"
    day_start: time = time(0, 0)
    top_items: int = Field(10, ge=1, le=100)
    currency_decimals: int = Field(2, ge=0, le=8)

    orders_table: Name = "orders"
    orders_id: Name = "id"
    orders_placed_at: Name = "created_at"
    orders_placed_at_kind: PlacedAtKind = PlacedAtKind.AUTO
    orders_total: str | None = "total"
    orders_status: str | None = None
    orders_statuses: tuple[str, ...] = ()
    items_table: Name = "order_items"
    items_order_id: Name = "order_id"
    items_name: Name = "name"
    items_quantity: Name = "quantity"
    items_unit_price: Name = "unit_price"

    rules: dict[Rule, Action] = Field(default_factory=dict)
    total_tolerance: Decimal = Field(Decimal("0.00"), ge=0, allow_inf_nan=False)

    report_status: ReportStatusSource = ReportStatusSource.BACKEND
    http_timeout_seconds: float = Field(10, gt=0, le=300)
    http_max_attempts: int = Field(3, ge=1, le=10)
    http_backoff_seconds: float = Field(0.5, ge=0, le=60)
    db_connect_seconds: float = Field(30, gt=0, le=600)
    db_statement_timeout_seconds: float = Field(600, gt=0, le=86_400)

    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.JSON

    @field_validator("*", mode="before")
    @classmethod
    def _no_fault(cls, value: object) -> object:
        if isinstance(value, Fault):
            raise ValueError(value.reason)  # noqa: TRY004 - pydantic wants a ValueError
        return value

    @field_validator("orders_total", "orders_status", mode="after")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            load_zone(value)
        except KeyError:
            raise ValueError("is no IANA time zone; write one such as America/Sao_Paulo") from None
        return value

    @field_validator("day_start", mode="before")
    @classmethod
    def _hours_and_minutes(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            parsed = time.fromisoformat(value)
        except ValueError:
            parsed = None
        if parsed is None or parsed.tzinfo is not None or value != f"{parsed:%H:%M}":
            raise ValueError("is no time of day; write hours and minutes such as 02:30")
        return parsed

    @field_validator("orders_statuses", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("rules", mode="before")
    @classmethod
    def _rule_actions(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        actions: dict[Rule, Action] = {}
        for pair in filter(None, (part.strip() for part in value.split(","))):
            rule, action = _rule_action(pair)
            if rule in actions:
                raise ValueError(f"names {rule} twice")
            actions[rule] = action
        return actions

    @field_validator("total_tolerance", mode="before")
    @classmethod
    def _decimal_number(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return Decimal(value)
        except InvalidOperation:
            raise ValueError("is no decimal number; write one such as 0.05") from None

    @field_validator("backend_base_url")
    @classmethod
    def _backend_address(cls, value: str | None) -> str | None:
        from aegis_batch.adapters.outbound.http.connection import (  # noqa: PLC0415
            check_base_url,
            check_protected,
        )

        if value is not None:
            _or_fault(lambda text: check_protected(check_base_url(text)), value)
        return value

    @field_validator("database_url")
    @classmethod
    def _database_address(cls, value: SecretStr | None) -> SecretStr | None:
        from aegis_batch.adapters.outbound.postgres.database_url import (  # noqa: PLC0415
            parse_database_url,
        )

        if value is not None:
            _or_fault(parse_database_url, value.get_secret_value())
        return value

    @field_validator("x_service_token")
    @classmethod
    def _header_value(cls, value: SecretStr | None) -> SecretStr | None:
        from aegis_batch.adapters.outbound.http.connection import check_token  # noqa: PLC0415

        if value is not None:
            _or_fault(check_token, value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _fits_together(self, info: ValidationInfo) -> "Settings":
        del info
        if self.orders_statuses and self.orders_status is None:
            raise ValueError(
                "AEGIS_ORDERS_STATUSES: names statuses, but AEGIS_ORDERS_STATUS names no column"
            )
        if self.orders_placed_at_kind is PlacedAtKind.DATE and self.day_start != time(0, 0):
            raise ValueError(
                "AEGIS_DAY_START: must be 00:00 where AEGIS_ORDERS_PLACED_AT_KIND is date"
            )
        return self

    @property
    def consistency_rules(self) -> Rules:
        """The rules that these settings choose."""
        return Rules(self.rules, self.total_tolerance)

    @staticmethod
    def may_be_empty(field: str) -> bool:
        """Say whether an empty variable means something for a field; else it counts as unset."""
        return field in _MAY_BE_EMPTY


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


def _or_fault(check: Callable[[str], object], value: str) -> None:
    try:
        check(value)
    except InvalidRequest as error:
        # The message starts with the variable's name, which stands in front of every fault.
        what = error.message.split(" ", 1)[1].rstrip(".")
        raise ValueError(f"{what} ({error.remedy.rstrip('.')})") from None
