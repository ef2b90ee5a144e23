"""``completion``: the script that lets a shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

from aegis_batch.adapters.inbound.cli.output import write_result

__all__ = ["completion"]

_PROGRAM = "aegis-batch"
_VARIABLE = "_AEGIS_BATCH_COMPLETE"


@click.command(
    epilog="""\b
Example:
  eval "$(aegis-batch completion bash)"       for this shell
  aegis-batch completion fish > ~/.config/fish/completions/aegis-batch.fish"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"there is no completion for {shell}.")
    root = context.find_root().command
    write_result(found(root, {}, _PROGRAM, _VARIABLE).source())
