"""Checks of the secrets: none of them may be in a file that version control has."""

from collections.abc import Iterator

from aegis_batch.application.ports.tracked_files import TrackedSearch
from aegis_batch.domain.checkup import Check

__all__ = ["secret_checks"]

_NAME = "secrets.tracked"


def secret_checks(search: TrackedSearch) -> Iterator[Check]:
    """Tell what a search through the tracked files came to."""
    for leak in search.leaks:
        yield Check.fail(
            _NAME,
            f"The value of {leak.variable} is in the file {leak.path}, which git tracks.",
            "Change the secret, since whoever has the history has it; then take it out of the file"
            f" (or the file out of git: git rm --cached -- {_shell_word(leak.path)}) and commit.",
        )
    for path in search.env_files:
        yield Check.fail(
            _NAME,
            f"git tracks the file {path}, where secrets are kept.",
            f"git rm --cached -- {_shell_word(path)} && echo .env >> .gitignore, and commit; change"
            " every secret that was ever in it.",
        )
    if search.leaks or search.env_files:
        return
    if search.why_not is not None:
        yield Check.ok(_NAME, f"Not searched: {search.why_not}.")
    elif search.is_whole:
        yield Check.ok(_NAME, f"No secret is in any of {search.files:,} files that git tracks.")
    else:
        yield Check.warn(
            _NAME,
            f"No secret is in the {search.files:,} tracked files that were searched, but there are"
            " more, or larger ones, than are searched.",
            "Search the rest with a secret scanner of your own.",
        )


def _shell_word(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"
