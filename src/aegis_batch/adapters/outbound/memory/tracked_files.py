"""Tracked files in memory."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from aegis_batch.application.ports.tracked_files import Leak, TrackedSearch

__all__ = ["InMemoryTrackedFiles"]


class InMemoryTrackedFiles:
    """Searches the files that it was given, by path; none given: there is no repository."""

    def __init__(self, files: Mapping[str, str] | None = None) -> None:
        """Take the files and their contents."""
        self._files = files

    def search(self, secrets: Mapping[str, Sequence[str]]) -> TrackedSearch:
        """Look for secrets; see the port."""
        if self._files is None:
            return TrackedSearch("this folder is in no git repository")
        leaks = [
            Leak(variable, path)
            for path in sorted(self._files)
            for variable, forms in secrets.items()
            if any(form in self._files[path] for form in forms)
        ]
        env_files = [path for path in sorted(self._files) if PurePosixPath(path).name == ".env"]
        return TrackedSearch(None, len(self._files), True, tuple(leaks), tuple(env_files))  # noqa: FBT003
