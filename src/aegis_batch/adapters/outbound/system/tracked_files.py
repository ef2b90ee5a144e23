"""The files that git tracks in the current folder's repository."""

import os
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from aegis_batch.application.ports.tracked_files import Leak, TrackedSearch

__all__ = ["GitTrackedFiles"]

_FILES_MAX = 20_000
_FILE_BYTES_MAX = 4 * 1024 * 1024
_BYTES_MAX = 256 * 1024 * 1024
_SECONDS_MAX = 10.0
_GIT_SECONDS = 5.0
# Nothing that a repository's own configuration names is run, and no index is written.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


class GitTrackedFiles:
    """Searches the tracked files as they are in the working tree."""

    def __init__(
        self,
        folder: Path,
        *,
        files_max: int = _FILES_MAX,
        file_bytes_max: int = _FILE_BYTES_MAX,
        bytes_max: int = _BYTES_MAX,
    ) -> None:
        """Take a folder inside the repository, and the bounds of the search."""
        self._folder = folder
        self._files_max = files_max
        self._file_bytes_max = file_bytes_max
        self._bytes_max = bytes_max

    def search(self, secrets: Mapping[str, Sequence[str]]) -> TrackedSearch:
        """Look for secrets; see the port."""
        try:
            root = os.fsdecode(self._git("rev-parse", "--show-toplevel")).rstrip("\n")
            listed = self._git("-C", root, "ls-files", "-z", "--cached").split(b"\0")
        except FileNotFoundError:
            return TrackedSearch("git is not installed")
        except (OSError, subprocess.SubprocessError):
            return TrackedSearch("this folder is in no git repository that git would read")
        names = sorted({os.fsdecode(name) for name in listed if name})
        return self._search(Path(root), names, secrets)

    def _search(
        self, root: Path, names: Sequence[str], secrets: Mapping[str, Sequence[str]]
    ) -> TrackedSearch:
        wanted = {
            variable: [form.encode("utf-8", "surrogateescape") for form in forms if form]
            for variable, forms in secrets.items()
        }
        leaks: list[Leak] = []
        files = 0
        is_whole = len(names) <= self._files_max
        bytes_left = self._bytes_max
        deadline = time.monotonic() + _SECONDS_MAX
        for name in names[: self._files_max]:
            if bytes_left <= 0 or time.monotonic() > deadline:
                is_whole = False
                break
            content = _content(root / name, self._file_bytes_max + 1)
            if content is None:
                continue
            files += 1
            bytes_left -= len(content)
            is_whole = is_whole and len(content) <= self._file_bytes_max
            leaks.extend(Leak(variable, name) for variable in _found(content, wanted))
        env_files = tuple(name for name in names if PurePosixPath(name).name == ".env")
        return TrackedSearch(None, files, is_whole, tuple(leaks), env_files)

    def _git(self, *arguments: str) -> bytes:
        # With an environment of its own: what git may start needs no secret of ours.
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        ended = subprocess.run(  # noqa: S603 - no argument comes from outside but the root's path
            [*_GIT, *arguments],
            cwd=self._folder,
            env={**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=True,
        )
        return ended.stdout


def _content(path: Path, bytes_max: int) -> bytes | None:
    """Return the beginning of a regular file; ``None`` for anything else, links included."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(bytes_max) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except OSError:
        return None


def _found(content: bytes, wanted: Mapping[str, Sequence[bytes]]) -> Iterator[str]:
    for variable, forms in wanted.items():
        if any(form in content for form in forms):
            yield variable
