"""The package as it was installed."""

import pkgutil
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files

import aegis_batch


def test_every_module_can_be_imported_alone() -> None:
    names = [module.name for module in pkgutil.walk_packages(aegis_batch.__path__, "aegis_batch.")]

    assert "aegis_batch.domain" in names
    for name in names:
        assert import_module(name).__doc__, f"{name} doesn't say what it is for"


def test_the_wheel_says_that_it_is_typed() -> None:
    assert files(aegis_batch).joinpath("py.typed").is_file()


def test_it_is_the_installed_package_that_is_tested() -> None:
    assert "site-packages" in str(files(aegis_batch))
    assert version("aegis-batch")


def test_the_package_runs_as_a_module() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "aegis_batch", "--help"], capture_output=True, check=False
    )

    assert ended.returncode == 0, ended.stderr
