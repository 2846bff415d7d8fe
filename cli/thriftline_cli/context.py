"""What a command works with: the stack, AWS's clients, its answer and its words."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit
from uuid import uuid4

from thriftline_cli.answers import WIDTH
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import DEFAULT_STACK
from thriftline_cli.output import Output
from thriftline_cli.runs.checking import refusal_of

if TYPE_CHECKING:
    import boto3

    from thriftline_cli.api.client import Api
    from thriftline_cli.stack import Stack

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# The embedded AWS has one administrator, whose keys are no secret.
_EMBEDDED: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
_EMBEDDED_REGION = "us-east-1"


@dataclass
class Context:
    """One call of the command line. A test replaces what asks the world."""

    args: argparse.Namespace
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    token: Callable[[], str] = lambda: uuid4().hex
    make_client: Callable[[str], Any] | None = None
    make_pool: Callable[[], Any] | None = None
    refusal_of: Callable[[Path, Mapping[str, str]], str | None] = refusal_of
    goes_on: str = "nothing was started"
    """Said at Ctrl-C: what was started goes on, and how to look at it."""
    _clients: dict[str, Any] = field(default_factory=dict)

    def option(self, name: str, default: Any = None) -> Any:
        """Returns an option, or its default where it was not given."""
        return getattr(self.args, name, default)

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be changed."""
        return bool(self.option("dry_run", False))

    @property
    def waits(self) -> bool:
        """Whether the end is waited for."""
        return bool(self.option("wait", False))

    @property
    def is_terminal(self) -> bool:
        """Whether a person can be asked."""
        return self.stdin.isatty() and self.stderr.isatty()

    @cached_property
    def out(self) -> Output:
        """Where the answer goes."""
        return Output(self.option("output", "table"), self.option("query"), self.stdout, self.width)

    @property
    def width(self) -> int:
        """Of the terminal; a file has 80 columns."""
        return _width_of(self.stdout)

    @property
    def terminal_width(self) -> int:
        """Of the terminal that what is no answer is shown on."""
        return _width_of(self.stderr)

    def say(self, line: str) -> None:
        """Writes a line that is not the answer."""
        self.stderr.write(f"{line}\n")
        self.stderr.flush()

    @property
    def stack_name(self) -> str:
        """The stack that is asked."""
        named: str = self.option("stack") or self.environ.get("THRIFTLINE_STACK") or DEFAULT_STACK
        return named

    @property
    def endpoint_url(self) -> str | None:
        """The embedded AWS, None for AWS itself.

        Raises:
            CommandError: it has no scheme, so that the host would be read as one.
        """
        url = self.option("endpoint_url") or self.environ.get("AWS_ENDPOINT_URL") or None
        if url is not None and not url.startswith(("http://", "https://")):
            raise CommandError(f"the endpoint URL {url} lacks http:// or https://", Exit.USAGE)
        return url

    @cached_property
    def session(self) -> "boto3.session.Session":
        """The person's own credentials; on the embedded AWS those of its administrator."""
        # AWS's packages take a while to import; help needs none of them.
        import boto3

        if self.is_embedded and not self._names_credentials:
            region = boto3.session.Session(region_name=self.option("region")).region_name
            return boto3.session.Session(region_name=region or _EMBEDDED_REGION, **_EMBEDDED)
        return boto3.session.Session(
            profile_name=self.option("profile"), region_name=self.option("region")
        )

    @property
    def _names_credentials(self) -> bool:
        """Whether a person says whose they are; those of a file are of an account on AWS."""
        named = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE")
        return bool(self.option("profile") or any(self.environ.get(name) for name in named))

    @property
    def is_embedded(self) -> bool:
        """Whether the embedded AWS of this machine is asked."""
        url = self.endpoint_url
        return url is not None and urlsplit(url).hostname in _LOOPBACK

    def confirm(self, sentence: str) -> None:
        """Returns when the person says yes to what is about to happen; see ``asking``."""
        from thriftline_cli.asking import confirm

        confirm(self, sentence)

    def aws(self, service: str, **more: Any) -> Any:
        """Returns the client of a service, made when it is first asked for."""
        if service not in self._clients:
            self._clients[service] = self._made(service, **more)
        return self._clients[service]

    def _made(self, service: str, **more: Any) -> Any:
        if self.make_client is not None:
            return self.make_client(service)
        from botocore.config import Config

        make: Any = self.session.client
        usual = Config(connect_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
        config = usual.merge(more.pop("config", None) or Config())
        return make(service, endpoint_url=self.endpoint_url, config=config, **more)

    @cached_property
    def api(self) -> "Api":
        """The stack's API, called as the person."""
        from thriftline_cli.api.address import api_base
        from thriftline_cli.api.client import Api, Signer, pool

        base = api_base(self.stack.outputs, self.endpoint_url)
        signer = Signer(self._credentials(), self.session.region_name or _EMBEDDED_REGION)
        return Api(base, signer, (self.make_pool or pool)(), self.token, self.dry_run, self.say)

    def _credentials(self) -> Any:
        from botocore.exceptions import NoCredentialsError

        found = self.session.get_credentials()
        if found is None:
            raise NoCredentialsError
        return found

    @cached_property
    def stack(self) -> "Stack":
        """The stack, as the person's own credentials see it."""
        from thriftline_cli.stack import Stack

        return Stack(
            name=self.stack_name,
            client=self.aws,
            say=self.say,
            sleep=self.sleep,
            now=self.now,
            token=self.token,
        )


def _width_of(stream: TextIO) -> int:
    if not stream.isatty():
        return WIDTH
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return WIDTH
