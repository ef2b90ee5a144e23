"""The way in: arguments in, exit status out."""

import sys

from aegis_batch.adapters.inbound.cli.stopping import Stopped, hold_signals, stop_on_signals

__all__ = ["main"]


def main() -> int:
    """Answer the command line, and return the exit status."""
    hold_signals()
    stop_on_signals()
    # They take a while, in which a signal would find nobody to answer it.
    from aegis_batch.adapters.inbound.cli.app import run  # noqa: PLC0415
    from aegis_batch.bootstrap.services import ProgramServices  # noqa: PLC0415

    try:
        return run(sys.argv[1:], ProgramServices())
    except Stopped as stopped:
        return stopped.exit_status


if __name__ == "__main__":
    sys.exit(main())
