"""What Alembic runs to begin with: it gets a connection, in a transaction that is not its own."""

from alembic import context

from aegis_batch.adapters.outbound.state.revisions import VERSION_TABLE
from aegis_batch.adapters.outbound.state.tables import METADATA

__all__: list[str] = []

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    # SQLite changes its schema within transactions too, which Alembic doesn't assume.
    transactional_ddl=True,
)
context.run_migrations()
