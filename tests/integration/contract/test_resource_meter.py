"""What every meter promises, for the machine's and the one in memory."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from aegis_batch.adapters.outbound.memory.resource_meter import InMemoryResourceMeter
from aegis_batch.adapters.outbound.system.resource_meter import SystemResourceMeter
from aegis_batch.application.ports.resource_meter import ResourceMeter

_MEGABYTE = 1_000_000


def _work() -> None:
    # Every page is written to, so that it counts.
    assert sum(bytearray(b"\x01" * (64 * _MEGABYTE))) == 64 * _MEGABYTE


def _of_the_system() -> tuple[ResourceMeter, Callable[[], None]]:
    return SystemResourceMeter(), _work


def _in_memory() -> tuple[ResourceMeter, Callable[[], None]]:
    meter = InMemoryResourceMeter()
    return meter, lambda: meter.spend(1.5, 64 * _MEGABYTE)


@pytest.fixture(params=[_of_the_system, _in_memory], ids=["system", "memory"])
def metered(request: pytest.FixtureRequest) -> tuple[ResourceMeter, Callable[[], None]]:
    make: Callable[[], tuple[ResourceMeter, Callable[[], None]]] = request.param
    return make()


def test_work_takes_time_of_the_processor_and_memory(
    metered: tuple[ResourceMeter, Callable[[], None]],
) -> None:
    meter, work = metered
    before = meter.thread_cpu_seconds()

    work()

    assert meter.thread_cpu_seconds() > before
    assert meter.peak_memory_bytes() >= 64 * _MEGABYTE


def test_neither_figure_ever_goes_back(
    metered: tuple[ResourceMeter, Callable[[], None]],
) -> None:
    meter, work = metered
    readings = []
    for _ in range(3):
        readings.append((meter.thread_cpu_seconds(), meter.peak_memory_bytes()))
        work()

    assert readings == sorted(readings)
    assert [peak for _, peak in readings] == sorted(peak for _, peak in readings)


def test_the_time_of_another_thread_is_not_counted() -> None:
    meter = SystemResourceMeter()

    def cost() -> float:
        before = meter.thread_cpu_seconds()
        _work()
        return meter.thread_cpu_seconds() - before

    before = meter.thread_cpu_seconds()
    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(cost).result()

    assert elsewhere > 10 * (meter.thread_cpu_seconds() - before)


@pytest.mark.parametrize("cost", [(-0.1, 1), (0.1, -1)])
def test_the_meter_in_memory_takes_no_negative_cost(cost: tuple[float, int]) -> None:
    with pytest.raises(ValueError, match="1"):
        InMemoryResourceMeter().spend(*cost)
