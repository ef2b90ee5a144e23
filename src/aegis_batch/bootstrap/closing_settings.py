"""The settings that a close goes by, and how much is logged."""

from datetime import time
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aegis_batch.adapters.outbound.postgres.orders_schema import PlacedAtKind
from aegis_batch.bootstrap.setting_types import (
    Adapters,
    BackendAddress,
    CommaSeparated,
    DatabaseAddress,
    DecimalNumber,
    Environment,
    LogFormat,
    LogLevel,
    Name,
    NameOrNone,
    ReportGatewayKind,
    ReportsAddress,
    ReportStatusSource,
    RuleActions,
    ServiceToken,
    TableOrView,
    TimeOfDay,
    ZoneName,
)
from aegis_batch.bootstrap.variables import Fault
from aegis_batch.domain.consistency import Rules

__all__ = ["ClosingSettings"]


class ClosingSettings(BaseModel):
    """What every close needs to know, validated; secrets are secret types."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=False
    )

    database_url: DatabaseAddress | None = Field(
        None,
        description="The orders' database, as its provider hands it out:"
        " `postgresql://user:password@host:5432/name?sslmode=require`. Needed wherever orders are"
        " read. Give it a role that may only `SELECT`.",
    )
    backend_base_url: BackendAddress | None = Field(
        None,
        description="The Backend's address; `/reports/...` and `/internal/reports/daily` are added"
        " to it. `http://` only to loopback, `*.internal` and `*.flycast`. Needed to close; a dry"
        " run without it asks nobody.",
    )
    x_service_token: ServiceToken | None = Field(
        None, description="The token that goes to the Backend in the header `X-SERVICE-TOKEN`."
    )

    report_gateway: ReportGatewayKind = Field(
        ReportGatewayKind.HTTP,
        description="What takes the reports: a Backend over `http`, or, for those without one,"
        " tables in a database of derived data: `sql`, which needs `AEGIS_REPORTS_URL` and neither"
        " `BACKEND_BASE_URL` nor `X_SERVICE_TOKEN`. [reports-database.md](reports-database.md)"
        " has the tables.",
    )
    reports_url: ReportsAddress | None = Field(
        None,
        description="The database of derived data for `AEGIS_REPORT_GATEWAY=sql`: a PostgreSQL"
        " database, written as `DATABASE_URL` is, but never the orders' database. Make its tables"
        " with `aegis-batch reports migrate`.",
    )

    environment: Environment = Field(
        Environment.LOCAL,
        description="Where the program runs. Only `local` reads a `.env` file in the current"
        " folder; the image sets `production`.",
    )
    adapters: Adapters = Field(
        Adapters.REAL,
        description="`memory` works without any server: orders come from a JSON file, and a Backend"
        " that forgets everything at the end stands in for the real one.",
    )
    memory_orders: Path | None = Field(
        None,
        description="The JSON file of orders for `AEGIS_ADAPTERS=memory`, which needs it;"
        " docs/reports.md shows one.",
    )

    timezone: ZoneName = Field(
        "America/Sao_Paulo",
        description="The calendar's time zone, by its IANA name. It decides which day an order"
        " belongs to, and what yesterday is.",
    )
    day_start: TimeOfDay = Field(
        time(0, 0),
        description="When the business day starts, in that zone: `05:00` counts what is sold until"
        " five in the morning for the day before.",
    )
    top_items: int = Field(10, ge=1, le=100, description="How many items `topItems` has at most.")
    currency_decimals: int = Field(
        2, ge=0, le=8, description="To how many decimals the revenue is rounded, at the very end."
    )

    orders_table: TableOrView = Field(
        "orders",
        description="The table or view of orders, as its name stands in the catalogue;"
        " `schema.table` is taken too, and a name with a dot in it goes in double quotes.",
    )
    orders_id: Name = Field("id", description="Its column that identifies an order.")
    orders_placed_at: Name = Field("created_at", description="Its column that dates an order.")
    orders_placed_at_kind: PlacedAtKind = Field(
        PlacedAtKind.AUTO,
        description="What that column means: an `instant` (`timestamptz`), a `timestamp` in `utc`"
        " or in the calendar's own time (`wall`), or a business `date`. `auto` goes by the type,"
        " and asks for an answer where it is a `timestamp`.",
    )
    orders_total: NameOrNone = Field(
        "total",
        description="Its column with an order's total. Empty: the total is the sum of the lines.",
    )
    orders_status: NameOrNone = Field(
        None, description="Its column with an order's status, for `AEGIS_ORDERS_STATUSES`."
    )
    orders_statuses: CommaSeparated = Field(
        (), description="The statuses that count, separated by commas. Empty: all orders count."
    )
    orders_tenant: NameOrNone = Field(
        None,
        description="Its column that names the tenant of an order, compared as text: text, an"
        " enumeration, a whole number or a UUID. Needed for `AEGIS_TENANCY=multi`. Empty: all"
        " orders are one shop's.",
    )
    items_table: TableOrView = Field("order_items", description="The table or view of order lines.")
    items_order_id: Name = Field("order_id", description="Its column that names the order.")
    items_tenant: NameOrNone = Field(
        None,
        description="Its column that names the tenant of a line, where two tenants can have orders"
        " of the same id. Empty: an order's id alone says which lines are its own.",
    )
    items_name: Name = Field("name", description="Its column with the item's name.")
    items_quantity: Name = Field("quantity", description="Its column with the quantity.")
    items_unit_price: Name = Field("unit_price", description="Its column with the unit price.")

    rules: RuleActions = Field(
        default_factory=dict,
        description="What a broken consistency rule leads to where it is not the default:"
        " `line_total_mismatch=reject,empty_order=ignore`. The rules are in"
        " [reports.md](reports.md#the-checks).",
    )
    total_tolerance: DecimalNumber = Field(
        Decimal("0.00"),
        ge=0,
        allow_inf_nan=False,
        description="How far an order's total may be from the sum of its lines, in the currency's"
        " main unit.",
    )

    report_status: ReportStatusSource = Field(
        ReportStatusSource.BACKEND,
        description="Who is asked whether a day is closed: the `backend`, a read-only `table`"
        " `daily_reports` in the orders' database, or `none`.",
    )
    http_timeout_seconds: float = Field(
        10, gt=0, le=300, description="Time for one attempt at a request, from start to end."
    )
    http_max_attempts: int = Field(
        3, ge=1, le=10, description="How often a request is made that fails in a way that passes."
    )
    http_backoff_seconds: float = Field(
        0.5, ge=0, le=60, description="The wait before the second attempt; it doubles, with chance."
    )
    db_connect_seconds: float = Field(
        30, gt=0, le=600, description="For how long connecting is tried; sleeping servers wake."
    )
    db_statement_timeout_seconds: float = Field(
        600, gt=0, le=86_400, description="Time for one statement in the orders' database."
    )

    log_level: LogLevel = Field(
        LogLevel.INFO,
        description="How much is logged. Commands on the state log warnings and errors alone unless"
        " it is set.",
    )
    log_format: LogFormat = Field(
        LogFormat.JSON, description="How log lines look: `json` for programs, `text` for people."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_fault(cls, value: object) -> object:
        if isinstance(value, Fault):
            raise ValueError(value.reason)  # noqa: TRY004 - pydantic wants a ValueError
        return value

    @property
    def consistency_rules(self) -> Rules:
        """The rules that these settings choose."""
        return Rules(self.rules, self.total_tolerance)
