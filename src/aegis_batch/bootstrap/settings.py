"""The settings: every variable, its default, its bounds, and what it does.

A field's variable is ``AEGIS_`` and its name in capitals, but for the three whose names are given.
``docs/settings.md`` is made from the fields: run ``make docs`` after a change.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import get_args

from pydantic import Field, SecretStr

from aegis_batch.adapters.outbound.postgres.orders_schema import PlacedAtKind
from aegis_batch.bootstrap.control_settings import faults_of_control
from aegis_batch.bootstrap.gateway_choice import faults_of_gateways
from aegis_batch.bootstrap.own_databases import faults_of_databases
from aegis_batch.bootstrap.serving_types import (
    CalendarDay,
    CronText,
    NoticeAddress,
    PersonOrMachine,
    StateAddress,
    Switch,
    Waits,
)
from aegis_batch.bootstrap.setting_types import (
    Adapters,
    DecimalNumber,
    Environment,
    LogFormat,
    LogLevel,
    ReportGatewayKind,
    ReportStatusSource,
    TimeOfDay,
)
from aegis_batch.bootstrap.tenancy_settings import faults_of_tenancy
from aegis_batch.bootstrap.vault_settings import VaultSettings, faults_of_vault
from aegis_batch.domain import exact
from aegis_batch.domain.run_statistics import Prices
from aegis_batch.domain.schedule import Overlap

__all__ = [
    "Adapters",
    "Environment",
    "LogFormat",
    "LogLevel",
    "ReportGatewayKind",
    "ReportStatusSource",
    "Settings",
    "faults_between",
    "secret_variables",
    "variable_of",
]

_PREFIX = "AEGIS_"
_GIVEN_NAMES = {
    "database_url": "DATABASE_URL",
    "backend_base_url": "BACKEND_BASE_URL",
    "x_service_token": "X_SERVICE_TOKEN",
    "internal_jobs_key": "INTERNAL_JOBS_KEY",
}
_MIDNIGHT = time(0, 0)
_WATCHDOG_POLLS_MIN = 3
_MAY_BE_EMPTY = frozenset(
    {
        *("orders_total", "orders_status", "orders_statuses", "orders_tenant", "items_tenant"),
        *("rules", "tenants_active"),
    }
)


def variable_of(field: str) -> str:
    """Return the name of the environment variable that a field is read from."""
    return _GIVEN_NAMES.get(field, _PREFIX + field.upper())


def faults_between(values: Mapping[str, object], given: Collection[str] = ()) -> list[str]:
    """Return what is wrong between fields, each fault led by its variable.

    ``values`` holds the fields that are valid by themselves; nothing is said of others. ``given``
    names the fields that are not left to their defaults.
    """
    faults = [
        *faults_of_gateways(values, given),
        *faults_of_databases(values),
        *faults_of_tenancy(values, given),
        *faults_of_control(values),
        *faults_of_vault(values, secret := secret_variables(), _variables() - secret),
    ]
    if values.get("orders_statuses") and values.get("orders_status", "") is None:
        faults.append(
            "AEGIS_ORDERS_STATUSES: names statuses, but AEGIS_ORDERS_STATUS names no column"
        )
    if values.get("items_tenant") and values.get("orders_tenant", "") is None:
        faults.append("AEGIS_ITEMS_TENANT: names a column, but AEGIS_ORDERS_TENANT names none")
    if (
        values.get("orders_placed_at_kind") is PlacedAtKind.DATE
        and values.get("day_start", _MIDNIGHT) != _MIDNIGHT
    ):
        faults.append("AEGIS_DAY_START: must be 00:00 where AEGIS_ORDERS_PLACED_AT_KIND is date")
    poll_seconds, watchdog_seconds = values.get("poll_seconds"), values.get("watchdog_seconds")
    if (
        isinstance(poll_seconds, int | float)
        and isinstance(watchdog_seconds, int | float)
        and watchdog_seconds < _WATCHDOG_POLLS_MIN * poll_seconds
    ):
        faults.append(
            "AEGIS_WATCHDOG_SECONDS: must be three times AEGIS_POLL_SECONDS at least,"
            " or a process at rest would count as hung"
        )
    retention_days, catch_up_days = values.get("retention_days"), values.get("catch_up_days")
    if (
        isinstance(retention_days, int)
        and isinstance(catch_up_days, int)
        and retention_days <= catch_up_days
    ):
        faults.append(
            "AEGIS_RETENTION_DAYS: must be more than AEGIS_CATCH_UP_DAYS,"
            " or what was decided about those days would be forgotten"
        )
    return faults


class Settings(VaultSettings):
    """All settings, validated; secrets are secret types."""

    state_url: StateAddress | None = Field(
        None,
        description="Where the program keeps what it must remember: an SQLite file, as in"
        " `sqlite:////data/state.db`, or a PostgreSQL database of its own, as providers hand its"
        " address out. Without it, `state.db` in the folder that the system keeps for the data of"
        " programs. Never the database of the orders, nor that of reports.",
    )
    state_migrate: Switch = Field(
        default=True,
        description="Whether `serve` brings the schema of the state up to date by itself, `true`"
        " or `false`; if not, `aegis-batch state migrate` does.",
    )
    executor_id: PersonOrMachine | None = Field(
        None,
        description="What this machine is called in the ledger; it must stay the same from one"
        " start to the next. Without it, the id of the machine on Fly, or the host's name.",
    )
    operator: PersonOrMachine | None = Field(
        None,
        description="Who is at work, for the audit of what people do by hand. Without it, the name"
        " of the account.",
    )

    schedule_cron: CronText = Field(
        "0 0 2 * * *",
        description="When the night begins that closes all open days, in `AEGIS_TIMEZONE`: a cron"
        " expression of five fields, or of six with seconds first.",
    )
    schedule_overlap: Overlap = Field(
        Overlap.SKIP,
        description="What becomes of a firing while the run before it goes on, by Temporal's"
        " names.",
    )
    schedule_jitter_seconds: int = Field(
        0,
        ge=0,
        le=86_400,
        description="By how much a night is put off at most, so that many machines don't begin"
        " at once; the same for the same night, whenever it is worked out.",
    )
    schedules_file: Path | None = Field(
        None,
        description="A TOML file of further schedules; what can stand in it is in"
        " [schedules.md](schedules.md).",
    )
    catch_up_days: int = Field(
        7,
        ge=1,
        le=366,
        description="For how long after its end a business day is closed without anybody asking,"
        " and a firing that nobody was there for is made up.",
    )
    close_from: CalendarDay | None = Field(
        None,
        description="The first business day that is closed without anybody asking. Without it,"
        " every day of the catch-up window.",
    )
    retention_days: int = Field(
        90,
        ge=2,
        le=36_500,
        description="For how long runs and what became of firings stay in the history. Dead"
        " letters, the audit and seals stay for good.",
    )
    close_deadline: TimeOfDay = Field(
        time(6, 0),
        description="By when the days should be closed, in `AEGIS_TIMEZONE`; people are told of"
        " those that aren't.",
    )
    verify_days: int = Field(
        7,
        ge=0,
        le=366,
        description="How many of the last business days are read and compared again every night,"
        " where they are closed; people are told of those that are no longer true. `0` turns that"
        " off.",
    )
    verify_cron: CronText = Field(
        "0 30 3 * * *",
        description="When they are, in `AEGIS_TIMEZONE`: a cron expression as for"
        " `AEGIS_SCHEDULE_CRON`, after the night.",
    )
    retry_seconds: Waits = Field(
        (60, 120, 240, 900),
        description="The waits between attempts at a run whose failure may pass, separated by"
        " commas. A close repeats the last one until the catch-up window ends; other jobs have"
        " the first three and are then given up.",
    )

    price_cpu_second: DecimalNumber | None = Field(
        None,
        ge=0,
        description="What a second of CPU time costs, in any currency, for `aegis-batch stats`.",
    )
    price_request: DecimalNumber | None = Field(
        None,
        ge=0,
        description="What a request to the Backend costs, in the same currency.",
    )

    notify_url: NoticeAddress | None = Field(
        None,
        description="Where people are told of failed, missed and overdue days and of dead letters:"
        " a POST of JSON with a `text`, as chat webhooks take it. `http://` as for the Backend.",
    )
    heartbeat_url: NoticeAddress | None = Field(
        None,
        description="What is called after each complete night, and with `/fail` at the end of its"
        " path after a failed one, so that a dead man's switch notices even when all is down"
        " here. `http://` as for the Backend.",
    )

    worker_concurrency: int = Field(
        1, ge=1, le=32, description="How many days one process closes at the same time."
    )
    concurrency_max: int = Field(
        0,
        ge=0,
        le=10_000,
        description="How many days all processes together close at the same time, and as many"
        " periods of backfills; `0`: as many as they may, each by itself. The same for all.",
    )
    executor_lease_seconds: float = Field(
        30,
        ge=1,
        le=3_600,
        description="For how long a process may give no sign of life before others take over its"
        " work, where the state is on PostgreSQL, or what a close by hand is at; it gives three in"
        " that time. The same for all.",
    )
    backfill_max_active: int = Field(
        2,
        ge=1,
        le=32,
        description="How many periods of backfills are closed at the same time, beside the days of"
        " the night, and how many of one may be queued for it: the default of `--max-active`. Of"
        " backfills of all tenants, how many shards.",
    )
    shard_submissions_at_once: int = Field(
        8,
        ge=1,
        le=64,
        description="How many tenants of a shard are asked for, and handed over, at the same time;"
        " and how many tenants the sweep verifies at once.",
    )
    run_limit_seconds: float = Field(
        14_400,
        gt=0,
        le=2_592_000,
        description="How long one attempt at a close may take. `serve` does not start where the"
        " time limits, attempts and waits of the other settings could add up to more.",
    )
    poll_seconds: float = Field(
        1, gt=0, le=60, description="The longest wait between two looks at the schedules."
    )
    queue_poll_seconds: float = Field(
        5, gt=0, le=300, description="The longest wait between two looks into the work queue."
    )
    drain_seconds: float = Field(
        30,
        ge=0,
        le=3_600,
        description="For how long work under way may go on when `serve` is told to stop; what has"
        " not ended by then is taken up by the next start.",
    )
    watchdog_seconds: float = Field(
        120,
        ge=1,
        le=86_400,
        description="For how long nothing may tick before `serve` ends itself with status 70, so"
        " that whatever keeps it running starts it again.",
    )

    @property
    def prices(self) -> Prices | None:
        """The prices; one that is not set is nothing, ``None`` where neither is."""
        if self.price_cpu_second is None and self.price_request is None:
            return None
        return Prices(self.price_cpu_second or exact.ZERO, self.price_request or exact.ZERO)

    @staticmethod
    def may_be_empty(field: str) -> bool:
        """Say whether an empty variable means something for a field; else it counts as unset."""
        return field in _MAY_BE_EMPTY


def secret_variables() -> frozenset[str]:
    """Return the variables whose values are secrets."""
    return frozenset(
        variable_of(name)
        for name, field in Settings.model_fields.items()
        if SecretStr in _types_of(field.annotation)
    )


def _variables() -> frozenset[str]:
    return frozenset(map(variable_of, Settings.model_fields))


def _types_of(annotation: object) -> Iterator[object]:
    yield annotation
    for part in get_args(annotation):
        yield from _types_of(part)
