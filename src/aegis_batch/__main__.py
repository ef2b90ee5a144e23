"""The way in: arguments in, exit status out."""

import sys

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.inbound.cli.stopping import stop_on_signals
from aegis_batch.bootstrap.services import ProgramServices

__all__ = ["main"]


def main() -> int:
    """Answer the command line, and return the exit status."""
    stop_on_signals()
    return run(sys.argv[1:], ProgramServices())


if __name__ == "__main__":
    sys.exit(main())
