"""The state database: what must survive the process, in SQLite by way of SQLAlchemy."""
