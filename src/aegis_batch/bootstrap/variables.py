"""Where settings come from: the environment, files that it names, and a ``.env`` file."""

import os
import select
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

__all__ = ["FILE_SUFFIX", "Fault", "gather", "read_env_file"]

FILE_SUFFIX = "_FILE"
_FILE_BYTES_MAX = 65_536
_PIPE_WAIT_SECONDS = 5


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
        content = _read_at_most(path, _FILE_BYTES_MAX + 1)
        if len(content) > _FILE_BYTES_MAX:
            return Fault(f"is to come from the file that {file_name} names, which is over 64 KiB")
        text = content.decode("utf-8")
    except TimeoutError:
        return Fault(f"is to come from what {file_name} names, where nobody writes anything")
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else "not readable"
        return Fault(f"is to come from the file that {file_name} names: {reason}")
    except UnicodeDecodeError:
        return Fault(f"is to come from the file that {file_name} names, which is not UTF-8")
    except ValueError:
        return Fault(f"is to come from the file that {file_name} names, which is no path")
    return text.removesuffix("\n").removesuffix("\r")


def _read_at_most(path: Path, size_bytes: int) -> bytes:
    """Read a file or a pipe; ``TimeoutError`` for a pipe that stays without its end."""
    # A pipe that nobody writes to would hold up an ordinary open for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file.read(size_bytes) or b""
        content = b""
        while len(content) < size_bytes:
            if not select.select([file], [], [], _PIPE_WAIT_SECONDS)[0]:
                raise TimeoutError
            part = file.read(size_bytes - len(content))
            if not part:
                break
            content += part
        if not content:
            raise TimeoutError
        return content


def read_env_file(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return what a ``.env`` file sets, and what is wrong with it; neither where there is none.

    Values are taken as they stand: a dollar sign in a password is no reference.
    """
    if not path.is_file():
        return {}, []
    from dotenv.parser import parse_stream  # noqa: PLC0415 - few runs have such a file

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return {}, [f"{path}: is not UTF-8"]
    except OSError:
        return {}, [f"{path}: can't be read"]
    values: dict[str, str] = {}
    faults: list[str] = []
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            # What the parser calls the line may be a blank one before it.
            blank = len(binding.original.string) - len(binding.original.string.lstrip())
            line = binding.original.line + binding.original.string[:blank].count("\n")
            faults.append(f"{path}: line {line} sets no variable; write NAME=value")
        elif binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
    return values, faults
