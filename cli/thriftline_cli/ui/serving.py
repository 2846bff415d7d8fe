"""A page's server over one stack's API."""

from collections.abc import Callable, Mapping
from typing import Any

from thriftline_cli.ui.files import Files, page_folder
from thriftline_cli.ui.guard import Guard
from thriftline_cli.ui.server import Page, PageServer
from thriftline_cli.ui.upstream import Upstream, sender


def page_server(
    base: str,
    region: str,
    credentials: Callable[[], Any],
    *,
    port: int,
    about: Mapping[str, object],
    token: str | None = None,
) -> PageServer:
    """Returns a server that listens already and answers once ``serve_forever`` is called.

    Args:
        base: of the stack's API; a route's path is appended to it.
        region: that calls are signed for.
        credentials: what signs them, asked for at each call.
        port: on 127.0.0.1; 0 takes a free one.
        about: what the page says of where it is.
        token: of its address; a random one unless given.

    Raises:
        OSError: the port is taken.
        PageMissingError: the page's files are nowhere.
    """
    files = Files(page_folder())
    server = PageServer(port)
    guard = Guard(server.port, token) if token else Guard(server.port)
    server.page = Page(guard, files, Upstream(base, region, credentials, sender(base)), about)
    return server
