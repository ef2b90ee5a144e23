"""The names under which work stands in the durable engine's tables, for ever.

Work that was queued under one of them is taken up only by a program that has them all: a release
that changed one would leave behind whatever was waiting then.
"""

__all__ = ["APPLICATION", "VERSION", "WORKFLOW"]

APPLICATION = "aegis-batch"
# Of the engine's rows, not of the program: DBOS lets a version take up its own work alone.
VERSION = "1"
WORKFLOW = "carry_out"
