"""Loads the settings, and says all that is wrong with them at once."""

import difflib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from aegis_batch.bootstrap.gateway_choice import needed_with
from aegis_batch.bootstrap.settings import (
    Adapters,
    Environment,
    Settings,
    faults_between,
    variable_of,
)
from aegis_batch.bootstrap.variables import FILE_SUFFIX, Fault, gather, read_env_file
from aegis_batch.bootstrap.vault_choice import secrets_of
from aegis_batch.bootstrap.vault_settings import VAULT_FIELDS
from aegis_batch.domain.errors import AegisError, InvalidRequest, VaultUnavailable

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = [
    "ExaminedSettings",
    "examine_settings",
    "load_settings",
    "missing_variables",
    "unknown_variables",
]

_ENV_FILE = Path(".env")
_VAULT = "AEGIS_SECRETS_FROM"
_WORDS = {
    "int_parsing": "is no whole number",
    "int_from_float": "is no whole number",
    "int_parsing_size": "is no whole number",
    "float_parsing": "is no number",
    "finite_number": "is no finite number",
    "string_unicode": "is not text in UTF-8",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
}


@dataclass(frozen=True, slots=True)
class ExaminedSettings:
    """Settings that may be wrong: what is fit to be used, and all that is not.

    ``settings`` has the default of every field that is at fault; ``given`` names the fields that
    are set and fit. ``faults`` pairs a variable with what is wrong with it, without its value.
    Where a vault gave no answer, ``vault_error`` says why, beside a fault of its own;
    ``unanswered`` has the variables that are set there, and whose values are not known.
    """

    settings: Settings
    given: frozenset[str]
    faults: tuple[tuple[str, str], ...]
    vault_error: AegisError | None = None
    unanswered: frozenset[str] = frozenset()

    @property
    def doubtful(self) -> frozenset[str]:
        """The variables that are at fault, or may be set."""
        return frozenset(variable for variable, _ in self.faults) | self.unanswered


def load_settings(
    environ: Mapping[str, str] | None = None,
    *,
    required: Iterable[str] = (),
    from_vault: Collection[str] | None = None,
) -> Settings:
    """Return the validated settings of an environment, by default this process's.

    ``required`` names fields that the command can't do without, and ``from_vault`` those that a
    vault is asked for, where not all: what is often run must not depend on it for nothing. A
    ``.env`` file in the current folder stands behind the environment, unless ``AEGIS_ENVIRONMENT``
    is ``production``.

    Raises ``InvalidRequest`` with every fault in one message, and no value of any variable; and
    ``VaultUnavailable`` where a vault that doesn't answer is all that is wrong.
    """
    examined = examine_settings(environ, from_vault=from_vault)
    faults = [f"{variable}: {what}" for variable, what in examined.faults]
    missing = [f"{name}: is not set" for name in missing_variables(examined, required)]
    if examined.vault_error is not None and len(faults) == 1 and not missing:
        raise examined.vault_error
    if faults or missing:
        raise InvalidRequest(
            "invalid_settings",
            f"The settings have {_counted(len(faults + missing))}: {'; '.join(faults + missing)}.",
            "Set each variable by itself, or name a file that holds its value by the variable with"
            f" {FILE_SUFFIX} at its end."
            + (" To see a close without any settings: aegis-batch demo." if missing else ""),
        )
    return examined.settings


def examine_settings(
    environ: Mapping[str, str] | None = None,
    *,
    only: Collection[str] = (),
    from_vault: Collection[str] | None = None,
) -> ExaminedSettings:
    """Return the settings of an environment as far as they are fit, and all their faults.

    ``only`` names the fields to look at, where not all; the others have their defaults.
    ``from_vault`` names those that a vault is asked for, where not all.
    """
    fields = {variable_of(field): field for field in only or Settings.model_fields}
    layers, file_faults = _layers(os.environ if environ is None else environ)
    gathered = gather(fields, layers)
    told, unanswered, vault_error = _of_vault(gathered, fields, layers, from_vault)
    values = _set_ones({**gathered, **told}, fields)
    faults = [_parted(fault) for fault in file_faults]
    if vault_error is not None:
        remedy = vault_error.remedy.rstrip(".")
        faults.append((_VAULT, f"{vault_error.message.rstrip('.')} ({remedy})"))
    settings, faulty = _sound_settings(values)
    faults += [(variable_of(field), what) for field, what in faulty]
    doubtful = {field for field, _ in faulty} | {fields[name] for name in unanswered}
    between = [
        _parted(fault)
        for fault in faults_between(
            {name: value for name, value in settings if name not in doubtful}, values.keys()
        )
    ]
    if between:
        doubtful |= {fields[variable] for variable, _ in between}
        settings, _ = _sound_settings({k: v for k, v in values.items() if k not in doubtful})
    given = frozenset(values) - doubtful
    return ExaminedSettings(settings, given, (*faults, *between), vault_error, unanswered)


def _of_vault(
    gathered: Mapping[str, str | Fault],
    fields: Mapping[str, str],
    layers: Iterable[Mapping[str, str]],
    from_vault: Collection[str] | None,
) -> tuple[dict[str, str], frozenset[str], AegisError | None]:
    """Return what a vault has of what is not set otherwise, what it may have beside, and its error.

    Where its own settings are at fault, nobody is asked.
    """
    unset = [name for name in fields if not gathered.get(name)]
    wanted = [name for name in unset if from_vault is None or fields[name] in from_vault]
    of_vault = {variable_of(field): field for field in VAULT_FIELDS}
    values = _set_ones(gather(of_vault, layers), of_vault)
    if "secrets_from" not in values:
        return {}, frozenset(), None
    settings, faulty = _sound_settings(values)
    if faulty or faults_between(dict(settings), values.keys()):
        return {}, frozenset(), None
    there = frozenset(unset) & frozenset(settings.secrets_names)
    try:
        told = secrets_of(settings, wanted)
    except (InvalidRequest, VaultUnavailable) as error:
        return {}, there, error
    return told, there - told.keys(), None


def _set_ones(
    gathered: Mapping[str, str | Fault], fields: Mapping[str, str]
) -> dict[str, str | Fault]:
    """Return by fields what is set; an empty text counts only where it means something."""
    return {
        fields[name]: value
        for name, value in gathered.items()
        if value != "" or Settings.may_be_empty(fields[name])
    }


def _sound_settings(values: Mapping[str, object]) -> tuple[Settings, list[tuple[str, str]]]:
    """Return settings of all values that are valid by themselves, and what is wrong with others."""
    try:
        return Settings(**values), []  # type: ignore[arg-type] # validated by the model itself
    except ValidationError as error:
        faults = [(str(entry["loc"][0]), _plain_words(entry)) for entry in error.errors()]
    faulty = {field for field, _ in faults}
    sound = {field: value for field, value in values.items() if field not in faulty}
    return Settings(**sound), faults  # type: ignore[arg-type] # the same


def missing_variables(examined: ExaminedSettings, required: Iterable[str]) -> list[str]:
    """Return the variables of required fields that nothing sets, neither rightly nor wrongly."""
    settings = examined.settings
    in_memory = settings.adapters is Adapters.MEMORY
    needed = ["memory_orders"] if in_memory else needed_with(settings.report_gateway, required)
    names = [variable_of(field) for field in needed if field not in examined.given]
    return [name for name in names if name not in examined.doubtful]


def unknown_variables(environ: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Return variables of an environment that look like settings and are none, with a guess."""
    known = [variable_of(field) for field in Settings.model_fields]
    known += [name + FILE_SUFFIX for name in known]
    strangers = sorted(name for name in environ if name.startswith("AEGIS_") and name not in known)
    return [
        (name, next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.8)), None))
        for name in strangers
    ]


def _layers(environ: Mapping[str, str]) -> tuple[list[Mapping[str, str]], list[str]]:
    place = environ.get(variable_of("environment"), "") or Environment.LOCAL
    if place != Environment.LOCAL:
        return [environ], []
    values, faults = read_env_file(_ENV_FILE)
    return [environ, values], faults


def _parted(fault: str) -> tuple[str, str]:
    """Return what a fault starts with, a variable or a file, and what is wrong with it."""
    subject, _, what = fault.partition(": ")
    return subject, what


def _plain_words(entry: "ErrorDetails") -> str:
    """Return a fault in words of people who set variables; pydantic's are for programmers."""
    words = _WORDS.get(entry["type"])
    if words is not None:
        return words.format(**entry.get("ctx", {}))
    text = entry["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{text[:1].lower()}{text[1:]}"


def _counted(count: int) -> str:
    return "a fault" if count == 1 else f"{count} faults"
