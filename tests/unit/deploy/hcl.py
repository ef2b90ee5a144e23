"""Files of Terraform, read as its language is written."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2

from tests.unit.deploy.files import DEPLOY

__all__ = ["Module", "only", "references", "texts"]

_REFERENCE = re.compile(r"\b(?:var|local|data\.aws_\w+|aws_\w+)\.\w+")


class Module:
    """What the files of a folder of deploy/ declare, together.

    Resources and data are known by their address, such as ``data.aws_iam_policy_document.rule``.
    """

    def __init__(self, folder: str) -> None:
        self.paths = sorted((DEPLOY / folder).glob("*.tf"))
        self.blocks: dict[str, dict[str, Any]] = {}
        self.locals: dict[str, Any] = {}
        for path in self.paths:
            self._read(path)

    def __getitem__(self, address: str) -> dict[str, Any]:
        """Return the body of what has an address."""
        return self.blocks[address]

    def declared(self) -> set[str]:
        """Return the addresses of all that can be referred to."""
        return {*self.blocks, *(f"local.{name}" for name in self.locals)}

    def named(self) -> set[str]:
        """Return the addresses of all that something refers to."""
        return {found for text in texts([self.blocks, self.locals]) for found in references(text)}

    def _read(self, path: Path) -> None:
        with path.open(encoding="utf-8") as file:
            content = _unquoted(hcl2.load(file))
        for kind, prefix in (("resource", ""), ("data", "data.")):
            for block in content.get(kind, []):
                for of, bodies in _named(block):
                    for name, body in _named(bodies):
                        self._add(f"{prefix}{of}.{name}", body)
        for kind, prefix in (("variable", "var."), ("output", "output.")):
            for block in content.get(kind, []):
                for name, body in _named(block):
                    self._add(f"{prefix}{name}", body)
        for block in content.get("locals", []):
            self.locals.update(_named(block))

    def _add(self, address: str, body: dict[str, Any]) -> None:
        assert address not in self.blocks, f"{address} is declared twice"
        self.blocks[address] = body


def references(text: str) -> list[str]:
    """Return the addresses that an expression refers to."""
    inside = "".join(re.findall(r"\$\{(.*)\}", text, re.DOTALL))
    return _REFERENCE.findall(inside)


def only(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the one block that there is of its kind."""
    (block,) = blocks
    return block


def texts(value: object) -> Iterator[str]:
    """Return every text in what was read."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def _named(block: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, body) for name, body in block.items() if not name.startswith("__"))


def _unquoted(value: Any) -> Any:  # noqa: ANN401 - as it was read
    """Return what was read without the quotes around text, as Terraform understands it."""
    if isinstance(value, dict):
        return {_unquoted(name): _unquoted(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_unquoted(part) for part in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1].replace(r"\"", '"').replace(r"\\", "\\")
    return value
