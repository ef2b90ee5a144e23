"""The state database's schema, revision by revision; Alembic runs them, each once."""
