"""Another account, for which the modes of files hold: they hold nothing back from root."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["as_ordinary_account", "ordinary_folder"]


@contextmanager
def ordinary_folder() -> Iterator[Path]:
    """A folder that belongs to an ordinary account, and can be reached by it."""
    folder = Path(tempfile.mkdtemp(prefix="aegis-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    yield folder
    for each in (folder, *folder.rglob("*")):
        each.chmod(0o700)
    shutil.rmtree(folder)


@contextmanager
def as_ordinary_account() -> Iterator[None]:
    """Act as an account that modes hold back: this one, unless it is root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(before)
