"""Writes ``docs/settings.md`` from the settings themselves: ``make docs``."""

import sys
import typing
from collections.abc import Iterator, Mapping
from datetime import time
from enum import Enum
from pathlib import Path

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from aegis_batch.bootstrap.settings import Settings, variable_of

__all__ = ["PAGE", "settings_page"]

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"

_HEAD = """\
# Settings

<!-- Made from src/aegis_batch/bootstrap/settings.py, closing_settings.py, tenancy_settings.py,
     limit_settings.py, control_settings.py and vault_settings.py by `make docs`; changes belong
     there. -->

Every setting is an environment variable. All are checked before anything else is done, and one
message lists every fault.

- Each can also be read from a file: `X_SERVICE_TOKEN_FILE=/run/secrets/token` stands for
  `X_SERVICE_TOKEN` with what that file holds, less the end of its last line. To set both is a
  fault.
- An empty variable counts as one that isn't set, but where *empty* has a meaning below.
- A `.env` file in the current folder stands behind the environment, for local development; not
  with `AEGIS_ENVIRONMENT=production`.
- A variable that starts with `AEGIS_` and is none of these is left alone, with a warning in the
  log that guesses what was meant.
- A secret can also come from a vault, which is asked last: `AEGIS_SECRETS_FROM`.
- A secret is in no log, no message and no span. Give it as a file where you can: other processes
  of the same user can read a process's environment.

| variable | default | bounds | what it does |
|---|---|---|---|
"""

_TAIL = """
## Secrets from a vault

```
pip install 'aegis-batch[aws]'                      # or azure, or gcp
export AEGIS_SECRETS_FROM=aws AEGIS_SECRETS_AWS_IDS=prod/aegis-batch
export AEGIS_SECRETS_NAMES=DATABASE_URL,X_SERVICE_TOKEN,INTERNAL_JOBS_KEY
```

`AEGIS_SECRETS_NAMES` says what is there. The environment, files and `.env` come first, and what
one of them sets is not asked for; the rest must be there. It is read when a command starts: a
secret that changes counts from the next start on. Of a service's credential
([jobs.md](jobs.md#services)) it is the name of the variable. OpenTelemetry's variables come from
the environment alone. The image has none of the three extras: mount secrets as files there, or
add one in an image of your own.

- `aws`: each secret of `AEGIS_SECRETS_AWS_IDS` is a JSON object such as `{"DATABASE_URL": "..."}`.
  Credentials and the region are found as by all of AWS's tools, but for a region that an ARN names.
  They must be allowed `secretsmanager:GetSecretValue`.
- `azure`: a secret each, `DATABASE-URL`. Credentials are found as by all of Azure's tools, and must
  be allowed to list and to get secrets (*Key Vault Secrets User*).
- `gcp`: a secret each, `DATABASE_URL`, of which the latest version counts. Credentials are found as
  by all of Google's tools, and must be allowed `secretmanager.versions.access`.

A command ends with exit status 2 where the vault refuses, has no such secret or holds what is no
text, and where its extra isn't installed; with 5, try again later, where it can't be reached, keeps
failing, or gives no answer within `AEGIS_SECRETS_WAIT_SECONDS`. No value of it is ever shown.
`doctor` tells the same, and looks at all else that can be looked at without.

## The database's role

The role that `DATABASE_URL` names is best made by
[`deploy/sql/readonly_role.sql`](../deploy/sql/readonly_role.sql); what the figures mean and how
they are made is in [reports.md](reports.md).
"""


def settings_page() -> str:
    """Return the page as Markdown, with a row for each setting in the order of the class."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return _HEAD + "".join(rows) + _TAIL


def _row(name: str, field: FieldInfo) -> str:
    if not field.description:
        raise ValueError(f"The setting {name} doesn't say what it does.")
    secret = "**Secret.** " if SecretStr in _types_of(field.annotation) else ""
    cells = [
        f"`{variable_of(name)}`",
        _default(name, field),
        _bounds(field),
        secret + field.description,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _default(name: str, field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}):
        return "*empty*" if Settings.may_be_empty(name) else "none"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, time):
        value = f"{value:%H:%M}"
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    return f"`{value}`"


def _bounds(field: FieldInfo) -> str:
    choices = [
        member.value
        for kind in _types_of(field.annotation)
        if isinstance(kind, type) and issubclass(kind, Enum)
        for member in kind
    ]
    # The choices of a mapping are explained where it is.
    if choices and typing.get_origin(field.annotation) not in (dict, Mapping):
        return ", ".join(f"`{choice}`" for choice in choices)
    return ", ".join(_limits(field))


def _limits(field: FieldInfo) -> Iterator[str]:
    for mark in field.metadata:
        match mark:
            case Ge():
                yield f"{mark.ge} at least"
            case Gt():
                yield f"above {mark.gt}"
            case Le():
                yield f"{mark.le} at most"
            case MinLen() if mark.min_length > 1:
                yield f"{mark.min_length} characters at least"
            case MaxLen():
                yield f"{mark.max_length} characters at most"


def _types_of(annotation: object) -> list[object]:
    """Return a type and all that it is made of, without what is said about it."""
    found: list[object] = [annotation]
    for part in typing.get_args(annotation):
        found += _types_of(part)
    return found


def main() -> int:
    """Write the page, and return the exit status."""
    PAGE.write_text(settings_page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is up to date.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
