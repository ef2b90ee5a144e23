"""``completion``: the script that lets a shell complete commands and options."""

import os

import click
from click.shell_completion import get_completion_class

from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.services import Services

__all__ = ["answer_shell", "completion"]

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


def answer_shell(commands: click.Group, services: Services) -> bool:
    """Answer a shell that asks what a word may become, and say whether one has asked."""
    asked = os.environ.get(_VARIABLE)
    if not asked:
        return False
    shell, _, what = asked.partition("_")
    found = get_completion_class(shell)
    if found is None or what not in ("source", "complete"):
        raise click.ClickException(f"{_VARIABLE} is for shells to set; unset it.")
    answering = found(commands, {"obj": services}, _PROGRAM, _VARIABLE)
    try:
        answer = answering.source() if what == "source" else answering.complete()
    except (KeyError, ValueError):
        # Such as COMP_WORDS missing, or COMP_CWORD that is no number.
        raise click.ClickException(
            f"{_VARIABLE} is for shells to set, with the words to complete; unset it."
        ) from None
    write_result(answer)
    return True
