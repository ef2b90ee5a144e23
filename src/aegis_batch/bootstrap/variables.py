"""Where settings come from: the environment, files that it names, and a ``.env`` file."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FILE_SUFFIX", "Fault", "env_file_values", "gather"]

FILE_SUFFIX = "_FILE"
_FILE_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a variable has no value, without a word of what it holds."""

    reason: str


def gather(names: Iterable[str], layers: Iterable[Mapping[str, str]]) -> dict[str, str | Fault]:
    """Return each name's value from the first layer that has it, by itself or as a file.

    ``NAME_FILE`` names a file whose content is the value, less the line's end; a layer that has
    both is a fault. An empty variable counts as a value, since some settings may be empty.
    """
    ordered = tuple(layers)
    found: dict[str, str | Fault] = {}
    for name in names:
        for layer in ordered:
            value = _value(name, layer)
            if value is not None:
                found[name] = value
                break
    return found


def _value(name: str, layer: Mapping[str, str]) -> str | Fault | None:
    file_name = name + FILE_SUFFIX
    path = layer.get(file_name)
    if not path:
        return layer.get(name)
    if layer.get(name):
        return Fault(f"is set both by itself and by {file_name}; keep one of the two")
    return _content(file_name, Path(path))


def _content(file_name: str, path: Path) -> str | Fault:
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
        if len(content) > _FILE_BYTES_MAX:
            return Fault(f"is to come from the file that {file_name} names, which is over 64 KiB")
        text = content.decode("utf-8")
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else "not readable"
        return Fault(f"is to come from the file that {file_name} names: {reason}")
    except UnicodeDecodeError:
        return Fault(f"is to come from the file that {file_name} names, which is not UTF-8")
    except ValueError:
        return Fault(f"is to come from the file that {file_name} names, which is no path")
    return text.removesuffix("\n").removesuffix("\r")


def env_file_values(path: Path) -> dict[str, str]:
    """Return what a ``.env`` file sets; nothing where there is none."""
    if not path.is_file():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - few runs have such a file

    return {name: value for name, value in dotenv_values(path).items() if value is not None}
