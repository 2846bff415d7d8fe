"""``completion``: what a shell reads once, to complete commands and options."""

import argparse

from thriftline_cli.context import Context
from thriftline_cli.exits import Exit
from thriftline_cli.options import finish


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])
    parser.epilog = 'eval "$(thriftline completion bash)"    # or zsh; in ~/.bashrc, ~/.zshrc'
    finish(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Prints the script."""
    from argcomplete.shell_integration import shellcode

    context.out.write(shellcode(["thriftline"], shell=args.shell))
    return Exit.DONE
