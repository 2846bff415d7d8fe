"""The page over the embedded AWS: `make ui`.

Its address is the same at each start, so that the demo can name it before: the token lies in a
file that its owner alone can read. The embedded AWS has no account behind it.
"""

import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import Protocol

from botocore.credentials import Credentials

from local_aws.options import ROOT
from thriftline_cli.api.address import api_base
from thriftline_cli.ui.guard import Guard
from thriftline_cli.ui.server import PageServer
from thriftline_cli.ui.serving import page_server

PORT = 4567
KEPT = "kept"
TOKEN_FILE = ROOT / ".thriftline/page-token"
_KEYS = Credentials("test", "test")


class PageError(Exception):
    """The page cannot be served; the message says what to do."""


class DeployedStack(Protocol):
    """An embedded AWS with this repository's stack on it."""

    endpoint: str
    outputs: dict[str, str]


def token(file: Path = TOKEN_FILE) -> str:
    """Return the token of this checkout's page; make one the first time."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text().strip()


def address(file: Path = TOKEN_FILE) -> str:
    """Return where `make ui` shows the page."""
    return Guard(PORT, token(file)).address


def start(aws: DeployedStack, region: str, *, port: int = PORT) -> PageServer:
    """Serve the page of a stack in a thread.

    Raises:
        OSError: the port is taken.
    """
    about = {"stack": "thriftline", "region": region, "is_embedded": True}
    base = api_base(aws.outputs, aws.endpoint)
    server = page_server(base, region, lambda: _KEYS, port=port, about=about, token=token())
    threading.Thread(target=server.serve_forever, name="page", daemon=True).start()
    return server


def run(port: int, page_port: int, time_scale: float, demo_folder: Path) -> None:
    """Start the embedded AWS with what the demo left, and its page; wait for SIGINT or SIGTERM.

    Raises:
        PageError: a port is taken, or something that `make setup` makes is missing.
    """
    from laptop import kept_demo, stack, watch
    from local_aws.command_line import is_taken
    from local_aws.options import Options
    from local_aws.server import EmbeddedAws

    for number in filter(None, (port, page_port)):
        if is_taken("127.0.0.1", number):
            raise PageError(
                f"port {number} is taken; make ui PAGE='--port 0 --page-port 0' takes free ones"
            )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say("starting the embedded AWS and deploying template.yaml on it")
    try:
        options = stack.with_own_stack(Options(port=port, time_scale=time_scale))
    except stack.SetupError as error:
        raise PageError(str(error)) from error
    with EmbeddedAws(options) as aws:
        stack.upload_base_model(aws)
        stack.push_image(aws)
        kept = kept_demo.put_back(aws, demo_folder / KEPT)
        server = start(aws, options.region, port=page_port)
        watch.start(aws, say)
        for line in lines(server.page.guard.address, aws.endpoint, kept):
            say(line)
        threading.Event().wait()


def lines(address: str, endpoint: str, kept: int) -> list[str]:
    """Return what is said once the page answers."""
    shown = (
        f"what the last make demo left ({kept} of its runs)"
        if kept
        else "no run yet; make demo leaves some"
    )
    return [
        "",
        f"open this address in a browser: {address}",
        f"it shows {shown}, and every upload from now on, until Ctrl-C",
        f"the embedded AWS answers at {endpoint}; for the command line:",
        f"  thriftline --endpoint-url {endpoint} runs list",
        "",
    ]


def say(line: str) -> None:
    """Write a line that a person reads."""
    print(line, file=sys.stderr, flush=True)
