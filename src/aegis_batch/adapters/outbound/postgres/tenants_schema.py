"""Where the directory of tenants is: the names of a table and of its columns."""

from dataclasses import dataclass

from aegis_batch.adapters.outbound.postgres.orders_schema import TableName, column_name

__all__ = ["TenantsSchema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantsSchema:
    """The table or view of tenants and its columns, by the names of the settings.

    Without ``active`` all tenants are; without ``zone`` all go by the deployment's.

    Raises ``InvalidRequest`` where a name can't be an identifier.
    """

    table: str
    id: str = "id"
    active: str | None = "active"
    zone: str | None = None
    queue: str | None = None
    closes_from: str | None = None

    def __post_init__(self) -> None:
        """Refuse what PostgreSQL could not take as a name."""
        self.table_name()
        self.columns()

    def table_name(self) -> TableName:
        """Return the name of the table."""
        return TableName.parse(self.table, "AEGIS_TENANTS_TABLE")

    def columns(self) -> dict[str, str]:
        """Return the columns that are read, each by its setting."""
        columns = {
            "AEGIS_TENANTS_ID": self.id,
            "AEGIS_TENANTS_ACTIVE": self.active,
            "AEGIS_TENANTS_ZONE": self.zone,
            "AEGIS_TENANTS_QUEUE": self.queue,
            "AEGIS_TENANTS_CLOSES_FROM": self.closes_from,
        }
        return {
            setting: column_name(name, setting)
            for setting, name in columns.items()
            if name is not None
        }
