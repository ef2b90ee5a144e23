"""Alembic, run by the program itself: no configuration file, and no command of its own."""

from alembic.command import upgrade as alembic_upgrade
from alembic.config import Config
from sqlalchemy import Connection

__all__ = ["configuration", "upgrade"]


def configuration() -> Config:
    """Return Alembic's configuration: the revisions that are shipped with the package."""
    config = Config()
    config.set_main_option("script_location", "aegis_batch.adapters.outbound.state:migrations")
    return config


def upgrade(connection: Connection) -> None:
    """Bring the schema to its newest revision, within the connection's transaction."""
    config = configuration()
    config.attributes["connection"] = connection
    alembic_upgrade(config, "head")
