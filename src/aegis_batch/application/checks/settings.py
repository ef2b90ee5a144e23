"""Checks of the settings: every fault on a line of its own, and variables that nobody reads."""

from collections.abc import Iterator
from dataclasses import dataclass

from aegis_batch.domain.checkup import Check

__all__ = ["SettingFault", "SettingsFacts", "settings_checks"]

_NAME = "settings"


@dataclass(frozen=True, slots=True)
class SettingFault:
    """What is wrong with a variable, told without its value, and what to do."""

    variable: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SettingsFacts:
    """How many variables are set, what is wrong, and which variables look like settings only.

    ``unknown`` pairs each of those with the setting that was perhaps meant.
    """

    given: int
    faults: tuple[SettingFault, ...] = ()
    unknown: tuple[tuple[str, str | None], ...] = ()


def settings_checks(facts: SettingsFacts) -> Iterator[Check]:
    """Tell how the settings stand."""
    for fault in facts.faults:
        yield Check.fail(_NAME, f"{fault.variable}: {fault.message}.", fault.remedy)
    if not facts.faults:
        yield Check.ok(_NAME, f"{facts.given} variables are set, and what a close needs is there.")
    for variable, guess in facts.unknown:
        meant = f"Perhaps {guess} is meant. " if guess else ""
        yield Check.warn(
            _NAME,
            f"{variable} is set, and is no setting: nothing reads it.",
            f"{meant}Rename it or take it away; docs/settings.md has every setting.",
        )
