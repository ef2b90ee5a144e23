"""Takes what a close with PostgreSQL imports, and does nothing with it: the floor of its memory."""

import sys
from importlib import import_module

_CLOSE = (
    "aegis_batch.adapters.inbound.cli.app",
    "aegis_batch.bootstrap.container",
    "aegis_batch.bootstrap.loading",
    "aegis_batch.bootstrap.telemetry",
    "aegis_batch.adapters.outbound.postgres.database_url",
    "aegis_batch.adapters.outbound.postgres.order_reader",
)

for name in _CLOSE:
    import_module(name)
sys.exit(0)
