"""``ui``: the page on this machine; each call is signed with the person's own credentials."""

import argparse
import errno
import webbrowser
from typing import TYPE_CHECKING

from thriftline_cli.api.address import api_base
from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import finish

if TYPE_CHECKING:
    from thriftline_cli.ui.server import PageServer


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the page's server."""
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; a free one unless given")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    finish(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Serves the page until Ctrl-C; stdout gets its address."""
    server = _server(args.port, context)
    context.goes_on = "the page is closed; what was started in it goes on"
    address = server.page.guard.address
    context.stdout.write(f"{address}\n")
    context.stdout.flush()
    context.say(
        f"the page of {context.stack_name} is served until Ctrl-C; the address lets in whoever has "
        "it, with your credentials, so keep it to yourself"
    )
    if not args.no_browser:
        webbrowser.open(address)
    with server:
        server.serve_forever()
    return Exit.DONE


def _server(port: int, context: Context) -> "PageServer":
    from thriftline_cli.ui.files import PageMissingError
    from thriftline_cli.ui.serving import page_server

    session = context.session
    base = api_base(context.stack.outputs, context.endpoint_url)
    about = {
        "stack": context.stack_name,
        "region": session.region_name,
        "is_embedded": context.endpoint_url is not None,
    }
    try:
        return page_server(
            base, session.region_name, session.get_credentials, port=port, about=about
        )
    except PageMissingError as error:
        raise CommandError(str(error), Exit.NOT_FOUND) from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise CommandError(
            f"port {port} is taken; without --port a free one is used", Exit.REFUSED
        ) from error
