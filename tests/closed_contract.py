"""A contract for import-linter: a package that is closed to everything it doesn't name."""

import sys
from typing import TYPE_CHECKING, cast

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class ClosedContract(Contract):
    """A package that imports itself, the standard library, and what it lists, and nothing else.

    import-linter's own `forbidden` has to name each module it forbids, so a new dependency would
    pass unseen. This one names what is allowed.

    Options:
        package: the package that is closed.
        also_allowed: packages that it may import too.
    """

    type_name = "closed"

    package = fields.StringField()
    also_allowed = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: "ImportGraph", verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - import-linter's signature
        """Find every import out of the package that isn't allowed."""
        # The fields are descriptors without types; reading one gives the configured value.
        package = cast("str", self.package)
        allowed = (package, *cast("list[str]", self.also_allowed))
        illegal = sorted(
            (importer, imported)
            for importer in {package, *graph.find_descendants(package)}
            for imported in graph.find_modules_directly_imported_by(importer)
            if imported.partition(".")[0] not in sys.stdlib_module_names
            and not any(imported == name or imported.startswith(f"{name}.") for name in allowed)
        )
        return ContractCheck(kept=not illegal, metadata={"illegal": illegal})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each import that isn't allowed."""
        for importer, imported in check.metadata["illegal"]:
            output.print_error(f"{importer} must not import {imported}", bold=False)
        output.new_line()
