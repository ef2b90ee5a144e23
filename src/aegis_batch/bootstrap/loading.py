"""Loads the settings, and says all that is wrong with them at once."""

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from aegis_batch.bootstrap.settings import Adapters, Environment, Settings, variable_of
from aegis_batch.bootstrap.variables import FILE_SUFFIX, env_file_values, gather
from aegis_batch.domain.errors import InvalidRequest

__all__ = [
    "ExaminedSettings",
    "examine_settings",
    "load_settings",
    "missing_variables",
    "unknown_variables",
]

_ENV_FILE = Path(".env")


@dataclass(frozen=True, slots=True)
class ExaminedSettings:
    """Settings that may be wrong: what is fit to be used, and all that is not.

    ``settings`` has the default of every field that is at fault; ``given`` names the fields that
    are set and fit. ``faults`` pairs a variable with what is wrong with it, without its value.
    """

    settings: Settings
    given: frozenset[str]
    faults: tuple[tuple[str, str], ...]

    @property
    def doubtful(self) -> frozenset[str]:
        """The variables that are at fault."""
        return frozenset(variable for variable, _ in self.faults)


def load_settings(
    environ: Mapping[str, str] | None = None, *, required: Iterable[str] = ()
) -> Settings:
    """Return the validated settings of an environment, by default this process's.

    ``required`` names fields that the command can't do without. A ``.env`` file in the current
    folder stands behind the environment, unless ``AEGIS_ENVIRONMENT`` is ``production``.

    Raises ``InvalidRequest`` with every fault in one message, and no value of any variable.
    """
    examined = examine_settings(environ)
    faults = [f"{variable}: {what}" for variable, what in examined.faults]
    missing = [f"{name}: is not set" for name in missing_variables(examined, required)]
    if faults or missing:
        raise InvalidRequest(
            "invalid_settings",
            f"The settings have {_counted(len(faults + missing))}: {'; '.join(faults + missing)}.",
            "Set each variable by itself, or name a file that holds its value by the variable with"
            f" {FILE_SUFFIX} at its end."
            + (" To see a close without any settings: aegis-batch demo." if missing else ""),
        )
    return examined.settings


def examine_settings(environ: Mapping[str, str] | None = None) -> ExaminedSettings:
    """Return the settings of an environment as far as they are fit, and all their faults."""
    fields = {variable_of(field): field for field in Settings.model_fields}
    gathered = gather(fields, _layers(os.environ if environ is None else environ))
    values = {
        fields[name]: value
        for name, value in gathered.items()
        if value != "" or Settings.may_be_empty(fields[name])
    }
    faults: list[tuple[str, str]] = []
    # What is at fault is left out and the rest validated again: that one round finds faults of
    # fields, and another those between fields.
    while True:
        try:
            settings = Settings(**values)  # type: ignore[arg-type] # validated by the model itself
        except ValidationError as error:
            found = [_fault(entry["loc"], entry["msg"]) for entry in error.errors()]
            # Between fields of which one was left out there is nothing to be said.
            faults += found if not faults else []
            for variable, _ in found:
                del values[fields[variable]]
        else:
            return ExaminedSettings(settings, frozenset(values), tuple(faults))


def missing_variables(examined: ExaminedSettings, required: Iterable[str]) -> list[str]:
    """Return the variables of required fields that nothing sets, neither rightly nor wrongly."""
    in_memory = examined.settings.adapters is Adapters.MEMORY
    needed = ["memory_orders"] if in_memory else required
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


def _layers(environ: Mapping[str, str]) -> list[Mapping[str, str]]:
    place = environ.get(variable_of("environment"), "") or Environment.LOCAL
    if place != Environment.LOCAL:
        return [environ]
    return [environ, env_file_values(_ENV_FILE)]


def _fault(location: tuple[int | str, ...], message: str) -> tuple[str, str]:
    """Return the variable at fault and what is wrong with it."""
    text = message.removeprefix("Value error, ").rstrip(".")
    if not location:
        # A fault between fields starts with the variable that is to be changed.
        variable, _, what = text.partition(": ")
        return variable, what
    return variable_of(str(location[0])), f"{text[:1].lower()}{text[1:]}"


def _counted(count: int) -> str:
    return "a fault" if count == 1 else f"{count} faults"
