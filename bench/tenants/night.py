"""One night of one way: how long it took, and what it needed for it."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench.figures import Figures
from bench.ground import Ground
from bench.rounds import WrongFiguresError
from bench.tenants.stand_in import hold, running_stand_in
from bench.tenants.ways import PATIENCE_SECONDS, Way

__all__ = ["Night", "night_of"]

_LOOK_SECONDS = 0.1
# What is handed over twice, or is tried again, comes within that after the last.
_AFTER_SECONDS = 1.0
_KIB_A_MIB = 1024


@dataclass(frozen=True, slots=True)
class Night:
    """What a night took: seconds from dispatch to the last confirmed tenant, and processor time.

    ``cpu_seconds`` are those of the way's own processes, ``server_cpu_seconds`` those of the
    PostgreSQL server; ``peak_mb`` is the most that the largest of its own processes held.
    """

    way: str
    does: str
    tenants: int
    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float
    peak_mb: float
    gets: int

    @property
    def pace(self) -> float:
        """Closes a second."""
        return self.tenants / self.seconds


def night_of(
    way: Way,
    ground: Ground,
    environ: Mapping[str, str],
    expected: Mapping[str, Figures],
    *,
    own_stand_in: bool = False,
) -> Night:
    """Let a way close all tenants, and measure it.

    Raises ``WrongFiguresError`` unless each was handed over once, with the right figures.
    """
    with TemporaryDirectory(prefix="aegis-bench-") as name:
        folder = Path(name)
        with (
            running_stand_in(folder, own=own_stand_in) as stand_in,
            way.begun(ground, environ, stand_in, folder) as begun,
        ):
            own, server = begun.family(), ground.postmaster()
            before, server_before = _cpu_seconds(own), _with_children(server)
            began = begun.dispatch()
            ended = _last_confirmed(way.name, begun.confirmed, len(expected))
            # Some are started with the first work.
            own = begun.family()
            cpu_seconds = _cpu_seconds(own) - before
            server_cpu_seconds = _with_children(server) - server_before
            peak_mb = max(map(_peak_mb, own))
            time.sleep(_AFTER_SECONDS)
            answered = stand_in.answered()
    hold(way.name, answered, expected)
    return Night(
        way=way.name,
        does=way.does,
        tenants=len(expected),
        seconds=ended - began,
        cpu_seconds=cpu_seconds,
        server_cpu_seconds=server_cpu_seconds,
        peak_mb=peak_mb,
        gets=sum(each.method == "GET" for each in answered),
    )


def _last_confirmed(way: str, confirmed: Callable[[], int], tenants: int) -> float:
    """Wait for the last tenant, and return when that was, by the clock of the machine."""
    patience_ends = time.monotonic() + PATIENCE_SECONDS
    while confirmed() < tenants:
        if time.monotonic() > patience_ends:
            raise WrongFiguresError(f"{way} has closed {confirmed()} of {tenants} tenants")
        time.sleep(_LOOK_SECONDS)
    return time.time()


def _cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    seconds = 0.0
    for process in processes:
        # One that ends meanwhile is then among its parent's dead children.
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


def _with_children(parent: psutil.Process) -> float:
    """Return the processor time of a process and of all its children, dead ones too."""
    living = _cpu_seconds([parent, *parent.children(recursive=True)])
    dead = parent.cpu_times()
    return float(living + dead.children_user + dead.children_system)


def _peak_mb(process: psutil.Process) -> float:
    """Return the most memory, in MiB, that a living process has ever held."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / _KIB_A_MIB
