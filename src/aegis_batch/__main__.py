"""The way in: arguments in, exit status out."""

import sys


def main() -> int:
    """Answer the command line, and return the exit status."""
    return 0


if __name__ == "__main__":
    sys.exit(main())
