"""Loads the settings, and says all that is wrong with them at once."""

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from aegis_batch.bootstrap.settings import (
    Adapters,
    Environment,
    Settings,
    faults_between,
    variable_of,
)
from aegis_batch.bootstrap.variables import FILE_SUFFIX, gather, read_env_file
from aegis_batch.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["load_settings", "unknown_variables"]

_ENV_FILE = Path(".env")
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


def load_settings(
    environ: Mapping[str, str] | None = None, *, required: Iterable[str] = ()
) -> Settings:
    """Return the validated settings of an environment, by default this process's.

    ``required`` names fields that the command can't do without. A ``.env`` file in the current
    folder stands behind the environment, unless ``AEGIS_ENVIRONMENT`` is ``production``.

    Raises ``InvalidRequest`` with every fault in one message, and no value of any variable.
    """
    fields = {variable_of(field): field for field in Settings.model_fields}
    layers, file_faults = _layers(os.environ if environ is None else environ)
    gathered = gather(fields, layers)
    values = {
        fields[name]: value
        for name, value in gathered.items()
        if value != "" or Settings.may_be_empty(fields[name])
    }
    settings, faults = _validated(values)
    faults = file_faults + faults
    in_memory = values.get("adapters") == Adapters.MEMORY
    missing = [
        f"{variable_of(field)}: is not set"
        for field in _needed(required, in_memory=in_memory)
        if field not in values
    ]
    if faults or missing or settings is None:
        raise InvalidRequest(
            "invalid_settings",
            f"The settings have {_counted(len(faults + missing))}: {'; '.join(faults + missing)}.",
            "Set each variable by itself, or name a file that holds its value by the variable with"
            f" {FILE_SUFFIX} at its end."
            + (" To see a close without any settings: aegis-batch demo." if missing else ""),
        )
    return settings


def unknown_variables(environ: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Return variables of an environment that look like settings and are none, with a guess."""
    known = [variable_of(field) for field in Settings.model_fields]
    known += [name + FILE_SUFFIX for name in known]
    strangers = sorted(name for name in environ if name.startswith("AEGIS_") and name not in known)
    return [
        (name, next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.8)), None))
        for name in strangers
    ]


def _validated(values: Mapping[str, object]) -> tuple[Settings | None, list[str]]:
    """Return the settings, or every fault of fields and between those that have none."""
    try:
        settings = Settings(**values)  # type: ignore[arg-type] # validated by the model itself
    except ValidationError as error:
        entries = error.errors()
    else:
        faults = faults_between(dict(settings))
        return (None, faults) if faults else (settings, faults)
    faults = [_fault(entry) for entry in entries]
    faulty = {entry["loc"][0] for entry in entries}
    # The others again, by themselves, to see whether they fit together.
    rest = Settings(**{name: value for name, value in values.items() if name not in faulty})  # type: ignore[arg-type]
    sound = {name: value for name, value in rest if name not in faulty}
    return None, faults + faults_between(sound)


def _layers(environ: Mapping[str, str]) -> tuple[list[Mapping[str, str]], list[str]]:
    place = environ.get(variable_of("environment"), "") or Environment.LOCAL
    if place != Environment.LOCAL:
        return [environ], []
    values, faults = read_env_file(_ENV_FILE)
    return [environ, values], faults


def _needed(required: Iterable[str], *, in_memory: bool) -> list[str]:
    if in_memory:
        return ["memory_orders"]
    return list(required)


def _fault(entry: "ErrorDetails") -> str:
    text = _plain_words(entry).rstrip(".")
    return f"{variable_of(str(entry['loc'][0]))}: {text[:1].lower()}{text[1:]}"


def _plain_words(entry: "ErrorDetails") -> str:
    """Return a fault in words of people who set variables; pydantic's are for programmers."""
    words = _WORDS.get(entry["type"])
    if words is None:
        return entry["msg"].removeprefix("Value error, ")
    return words.format(**entry.get("ctx", {}))


def _counted(count: int) -> str:
    return "a fault" if count == 1 else f"{count} faults"
