"""The settings of who the tenants are."""

from collections.abc import Collection, Mapping

from pydantic import Field

from aegis_batch.bootstrap.closing_settings import ClosingSettings
from aegis_batch.bootstrap.setting_types import (
    Adapters,
    Name,
    NameOrNone,
    ReportStatusSource,
    TableOrView,
)
from aegis_batch.bootstrap.tenancy_types import Tenancy, TenantList

__all__ = ["TenancySettings", "faults_of_tenancy"]

# The columns of AEGIS_TENANTS_TABLE.
_OF_TABLE = (
    "tenants_id",
    "tenants_active",
    "tenants_zone",
    "tenants_queue",
    "tenants_closes_from",
)
_OF_SEVERAL = ("orders_tenant", "tenants", "tenants_table", *_OF_TABLE)


class TenancySettings(ClosingSettings):
    """Whose books are closed."""

    tenancy: Tenancy = Field(
        Tenancy.SINGLE,
        description="Whether the books of one shop are closed, `single`, or of several, `multi`:"
        " then the tenants are those of `AEGIS_TENANTS`, or of `AEGIS_TENANTS_TABLE`, or else those"
        " that have orders on the day. [tenants.md](tenants.md) has the rest.",
    )
    tenants: TenantList = Field(
        (),
        description="The tenants, separated by commas: each an id, or `id=Zone/Name` for one with a"
        " time zone of its own, as in `north,south=America/Manaus`. An id with `,` or `=` in it"
        " needs a table.",
    )
    tenants_table: TableOrView | None = Field(
        None,
        description="A table or view of the tenants in the orders' database, for directories that"
        " are long or change.",
    )
    tenants_id: Name = Field(
        "id",
        description="Its column with a tenant's id, as it stands in `AEGIS_ORDERS_TENANT`. A long"
        " directory needs an index on it by code points.",
    )
    tenants_active: NameOrNone = Field(
        "active",
        description="Its column that says whether a tenant's days are closed: a boolean, or a"
        " whole number that is not 0. Empty: all are active.",
    )
    tenants_zone: NameOrNone = Field(
        None,
        description="Its column with a tenant's IANA time zone, null or empty for those that go by"
        " `AEGIS_TIMEZONE`.",
    )
    tenants_queue: NameOrNone = Field(
        None, description="Its column with the name of a tenant's own queue, if it has one."
    )
    tenants_closes_from: NameOrNone = Field(
        None,
        description="Its column with the first business day of a tenant that is closed without"
        " anybody asking, a `date`. Null: the newest day when it is seen first.",
    )
    shard_tenants: int = Field(
        500,
        ge=1,
        le=1_000,
        description="How many tenants are closed together at most, with one scan of the orders.",
    )
    jitter_max_seconds: int = Field(
        0,
        ge=0,
        le=86_400,
        description="By how much the start of such a shard is put off at most, so that not all"
        " begin at once; the same for the same shard and day, whenever it is worked out.",
    )

    @property
    def has_several_tenants(self) -> bool:
        """Whether the books of several shops are closed."""
        return self.tenancy is Tenancy.MULTI

    @classmethod
    def own_fields(cls) -> tuple[str, ...]:
        """Return the names of the fields that say who the tenants are."""
        return ("tenancy", *_OF_SEVERAL, "shard_tenants", "jitter_max_seconds")


def faults_of_tenancy(values: Mapping[str, object], given: Collection[str]) -> list[str]:
    """Return what is wrong between the fields of tenants, each fault led by its variable.

    ``values`` holds the fields that are valid by themselves, ``given`` names those that are set.
    """
    tenancy = values.get("tenancy")
    if tenancy is Tenancy.SINGLE:
        return [
            f"{_variable(field)}: has no meaning where AEGIS_TENANCY is single (Unset it, or set"
            " AEGIS_TENANCY=multi)"
            for field in _OF_SEVERAL
            if field in given and field in values
        ]
    if tenancy is not Tenancy.MULTI:
        return []
    faults = []
    if values.get("tenants") and values.get("tenants_table") is not None:
        faults.append(
            "AEGIS_TENANTS: is set, and AEGIS_TENANTS_TABLE too (Name the tenants in one of them)"
        )
    if values.get("tenants_table", "") is None:
        faults += [
            f"{_variable(field)}: names a column, but AEGIS_TENANTS_TABLE names no table"
            for field in _OF_TABLE
            if field in given and field in values
        ]
    if values.get("report_status") is ReportStatusSource.TABLE:
        faults.append(
            "AEGIS_REPORT_STATUS: must not be table where AEGIS_TENANCY is multi, since that table"
            " does not say whose a report is (Let it be backend, or none)"
        )
    return faults + _faults_of_adapters(values)


def _faults_of_adapters(values: Mapping[str, object]) -> list[str]:
    faults = []
    adapters = values.get("adapters")
    if adapters is Adapters.REAL and values.get("orders_tenant", "") is None:
        faults.append(
            "AEGIS_ORDERS_TENANT: is not set, although AEGIS_TENANCY is multi (Name the column of"
            " the orders that says whose they are)"
        )
    if adapters is Adapters.MEMORY:
        if values.get("tenants") == ():
            faults.append(
                "AEGIS_TENANTS: is not set, although AEGIS_TENANCY is multi and AEGIS_ADAPTERS is"
                " memory (Name the tenants; there is no table of them in memory)"
            )
        if values.get("tenants_table") is not None:
            faults.append(
                "AEGIS_TENANTS_TABLE: names a table, but AEGIS_ADAPTERS is memory (Name the tenants"
                " in AEGIS_TENANTS)"
            )
    return faults


def _variable(field: str) -> str:
    return f"AEGIS_{field.upper()}"
