"""Zones come from the pinned package by their exact names, and from nowhere else."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.system.time_zones import load_zone, tzdata_version


def _names() -> list[str]:
    return resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()


def test_every_zone_of_the_package_can_be_loaded() -> None:
    names = _names()

    assert len(names) > 590
    for name in names:
        assert load_zone(name).key == name


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("UTC", 0),
        ("America/Sao_Paulo", -3),
        ("America/Port-au-Prince", -5),
        ("America/Argentina/Buenos_Aires", -3),
        ("Etc/GMT+12", -12),
        ("Etc/GMT-14", 14),
    ],
)
def test_a_zone_tells_its_offset(name: str, hours: int) -> None:
    instant = datetime(2026, 11, 21, 12, tzinfo=UTC)

    assert instant.astimezone(load_zone(name)).utcoffset() == timedelta(hours=hours)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Path]:
    """A machine whose zones are in a folder of the test's own."""
    zoneinfo.reset_tzpath([tmp_path])
    zoneinfo.ZoneInfo.clear_cache()
    yield tmp_path
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


def test_the_zones_of_the_machine_play_no_part(machine: Path) -> None:
    # This machine takes Sao Paulo for UTC, and knows a zone that the package doesn't.
    utc = resources.files("tzdata").joinpath("zoneinfo", "UTC").read_bytes()
    for name in ("America/Sao_Paulo", "Mars/Olympus"):
        path = machine / name
        path.parent.mkdir()
        path.write_bytes(utc)
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert noon.astimezone(zoneinfo.ZoneInfo("America/Sao_Paulo")).hour == 12

    assert noon.astimezone(load_zone("America/Sao_Paulo")).hour == 9
    with pytest.raises(KeyError):
        load_zone("Mars/Olympus")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Nowhere/Atall",
        "America",
        "America/Argentina",
        "America/",
        "/America/Sao_Paulo",
        "America//Sao_Paulo",
        "America/./Sao_Paulo",
        "America/../UTC",
        "../zoneinfo/UTC",
        "..",
        "/etc/localtime",
        "/usr/share/zoneinfo/UTC",
        "C:/zones/UTC",
        "America\\Sao_Paulo",
        "America/Sao_Paulo/more",
        "America/Sao_Paulo\n",
        " UTC",
        "UTC\0",
        "S\u00e3o_Paulo",
        "\ud800",
        "A" * 300,
        "/".join(["A" * 200] * 30),
    ],
)
def test_a_name_that_is_no_zone_is_not_found(name: str) -> None:
    with pytest.raises(KeyError) as caught:
        load_zone(name)

    assert caught.value.args == (name,)


@pytest.mark.parametrize(
    "name",
    ["tzdata.zi", "zone.tab", "zone1970.tab", "iso3166.tab", "zonenow.tab", "leapseconds"],
)
def test_a_file_of_the_package_that_is_no_zone_is_not_one(name: str) -> None:
    assert resources.files("tzdata").joinpath("zoneinfo", name).is_file()

    with pytest.raises(KeyError):
        load_zone(name)


@pytest.mark.parametrize("name", ["__init__", "__init__.py", "__pycache__"])
def test_a_module_of_the_package_is_no_zone(name: str) -> None:
    with pytest.raises(KeyError):
        load_zone(name)


def test_the_version_is_that_of_the_data() -> None:
    data = resources.files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text(encoding="ascii")

    assert data.startswith(f"# version {tzdata_version()}\n")
