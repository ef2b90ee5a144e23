"""Starts a process and tells how it went: ``launcher.py REPORT COMMAND...``, run by ``measure``.

The peak of a process counts the memory of the one that it was forked from, until its own program
takes over. So processes are started by this one, which imports next to nothing.
"""

import os
import sys
import time


def main() -> None:
    """Run the command, and write seconds, peak memory in MiB and exit status into the report."""
    report, program, *arguments = sys.argv[1:]
    started = time.perf_counter()
    process_id = os.posix_spawn(program, [program, *arguments], os.environ)
    _, status, usage = os.wait4(process_id, 0)
    seconds = time.perf_counter() - started
    # Linux counts in KiB.
    peak_mb = usage.ru_maxrss / 1024
    with open(report, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is large
        file.write(f"{seconds} {peak_mb} {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
