"""Asks a person before anything is spent or taken away."""

from thriftline_cli.answers import fitted
from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit

_YES = frozenset({"y", "yes"})


def confirm(context: Context, sentence: str) -> None:
    """Returns when the person says yes, has said --yes, or only rehearses.

    Args:
        context: of the command.
        sentence: what is about to happen, with its dollars; no question mark.

    Raises:
        CommandError: the person says no, or there is nobody to ask.
    """
    if context.dry_run:
        context.say(f"a dry run; nothing is done of this: {sentence}")
        return
    if context.option("yes", False):
        context.say(sentence)
        return
    if not context.is_terminal:
        raise CommandError(f"{sentence}. Nobody can be asked here: say --yes", Exit.REFUSED)
    question = fitted(f"{sentence}. Go on? [y/N]", context.terminal_width)
    context.stderr.write(f"{question} ")
    context.stderr.flush()
    if context.stdin.readline().strip().lower() not in _YES:
        raise CommandError("nothing was done", Exit.REFUSED)
