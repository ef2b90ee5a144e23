"""The orders' database, read through SQLAlchemy Core and psycopg, and never written."""
