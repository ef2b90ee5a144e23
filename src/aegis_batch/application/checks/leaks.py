"""Checks of the secrets: none of them may be in a file that version control has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aegis_batch.application.ports.tracked_files import Leak, TrackedFiles, TrackedSearch
from aegis_batch.domain.checkup import Check

__all__ = ["KnownSecrets", "secret_checks"]

_NAME = "secrets.tracked"
_PATHS_MAX = 5


@dataclass(frozen=True, slots=True)
class KnownSecrets:
    """Secrets to look for, each by a name for people and in all forms that it may have in a file.

    Those that are ``guessable`` are short or words, so that a file may hold one by chance.
    """

    forms: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    guessable: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)


def secret_checks(known: KnownSecrets, files: TrackedFiles) -> Iterator[Check]:
    """Tell which tracked files hold a secret, or how far the search went."""
    search = files.search(known.forms)
    for leak in search.leaks:
        yield Check.fail(
            _NAME,
            f"The file {leak.path}, which git tracks, holds {leak.secret}.",
            "Change the secret, since whoever has the history has it; then take it out of the file"
            f" (or the file out of git: git rm --cached -- {_pathspec(leak.path)}) and commit.",
        )
    for path in search.env_files:
        yield Check.fail(
            _NAME,
            f"git tracks the file {path}, where secrets are kept.",
            f"git rm --cached -- {_pathspec(path)} && echo .env >>"
            ' "$(git rev-parse --show-toplevel)/.gitignore", and commit; change every secret that'
            " was ever in it.",
        )
    chances = files.search(known.guessable).leaks if any(known.guessable.values()) else ()
    for secret in dict.fromkeys(leak.secret for leak in chances):
        yield _chance_check(secret, [leak for leak in chances if leak.secret == secret])
    if not (search.leaks or search.env_files or chances):
        yield _clean_check(search)


def _chance_check(secret: str, leaks: Sequence[Leak]) -> Check:
    named = ", ".join(leak.path for leak in leaks[:_PATHS_MAX])
    more = f" and {len(leaks) - _PATHS_MAX} more" if len(leaks) > _PATHS_MAX else ""
    return Check.warn(
        _NAME,
        f"What is {secret} stands in {named}{more}, which git tracks; it is short or a word, so"
        " perhaps by chance.",
        "Set a long random one: openssl rand -hex 24 makes it.",
    )


def _clean_check(search: TrackedSearch) -> Check:
    if search.why_not is not None:
        return Check.ok(_NAME, f"Not searched: {search.why_not}.")
    if search.is_whole:
        return Check.ok(_NAME, f"No secret is in any of {search.files:,} files that git tracks.")
    return Check.warn(
        _NAME,
        f"No secret is in the {search.files:,} tracked files that were searched, but there are"
        " more, or larger ones, than are searched.",
        "Search the rest with a secret scanner of your own.",
    )


def _pathspec(path: str) -> str:
    """Return a path for git, from the repository's root, as a word of the shell."""
    return "':/" + path.replace("'", "'\\''") + "'"
