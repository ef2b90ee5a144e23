"""What Alembic runs to begin with: it gets a connection, in a transaction that is not its own."""

from alembic import context

from aegis_batch.adapters.outbound.state.revisions import VERSION_TABLE
from aegis_batch.adapters.outbound.state.tables import METADATA

__all__ = ["run"]


def run() -> None:
    """Run the revisions that are asked for, on the connection in the configuration."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        version_table=VERSION_TABLE,
    )
    context.run_migrations()


# There is a configuration while Alembic runs this, and none for whoever only imports it.
if hasattr(context, "config"):
    run()
