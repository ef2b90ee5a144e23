"""Loads the settings, and says all that is wrong with them at once."""

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from aegis_batch.bootstrap.settings import Adapters, Environment, Settings, variable_of
from aegis_batch.bootstrap.variables import FILE_SUFFIX, env_file_values, gather
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["load_settings", "unknown_variables"]

_ENV_FILE = Path(".env")


def load_settings(
    environ: Mapping[str, str] | None = None, *, required: Iterable[str] = ()
) -> Settings:
    """Return the validated settings of an environment, by default this process's.

    ``required`` names fields that the command can't do without. A ``.env`` file in the current
    folder stands behind the environment, unless ``AEGIS_ENVIRONMENT`` is ``production``.

    Raises ``InvalidRequest`` with every fault in one message, and no value of any variable.
    """
    fields = {variable_of(field): field for field in Settings.model_fields}
    gathered = gather(fields, _layers(os.environ if environ is None else environ))
    values = {
        fields[name]: value
        for name, value in gathered.items()
        if value != "" or Settings.may_be_empty(fields[name])
    }
    faults: list[str] = []
    settings = None
    try:
        settings = Settings(**values)  # type: ignore[arg-type] # validated by the model itself
    except ValidationError as error:
        faults += [_fault(entry["loc"], entry["msg"]) for entry in error.errors()]
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


def _layers(environ: Mapping[str, str]) -> list[Mapping[str, str]]:
    place = environ.get(variable_of("environment"), "") or Environment.LOCAL
    if place != Environment.LOCAL:
        return [environ]
    return [environ, env_file_values(_ENV_FILE)]


def _needed(required: Iterable[str], *, in_memory: bool) -> list[str]:
    if in_memory:
        return ["memory_orders"]
    return list(required)


def _fault(location: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ").rstrip(".")
    if not location:
        return text
    return f"{variable_of(str(location[0]))}: {text[:1].lower()}{text[1:]}"


def _counted(count: int) -> str:
    return "a fault" if count == 1 else f"{count} faults"
