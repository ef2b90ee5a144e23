"""Secrets in files that only their owner may read."""

import os
import secrets
import stat
from pathlib import Path

from aegis_batch.domain.errors import InvalidRequest

__all__ = ["secret_in_file"]

_SECRET_BYTES = 32
_FILE_BYTES_MAX = 4_096
_OWNER_ONLY = 0o600


def secret_in_file(path: Path) -> str:
    """Return the secret that a file holds, or make one and keep it there.

    Raises ``InvalidRequest`` where the file can't be used, or somebody else could have read it.
    """
    try:
        try:
            descriptor = os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _OWNER_ONLY
            )
        except FileExistsError:
            return _content(path)
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret + "\n")
    except OSError as error:
        raise _unusable(path, f"can't be used ({error.strerror})") from None
    return secret


def _content(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _unusable(path, "is no plain file")
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise _unusable(path, "may be read by others")
        content = file.read(_FILE_BYTES_MAX).strip()
    if not content or not content.isascii():
        raise _unusable(path, "holds no secret")
    return content.decode("ascii")


def _unusable(path: Path, what: str) -> InvalidRequest:
    return InvalidRequest(
        "secret_file_unusable",
        f"The file for the secret, {path}, {what}.",
        "Remove the file, and a new one is made.",
    )
