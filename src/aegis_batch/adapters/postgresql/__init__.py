"""What all adapters that speak to a PostgreSQL server share: its address, and the way to it."""
