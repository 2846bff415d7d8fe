"""What `serve` takes and does: the embedded AWS with a template on it, until it is stopped."""

import argparse
import contextlib
import errno
import importlib.util
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from local_aws.options import ROOT, Options
from local_aws.preparation.options import PreparationOptions

if TYPE_CHECKING:
    from local_aws.server import EmbeddedAws

_OWN_PYTHON = ROOT / ".venv/bin/python"
_OWN_PACKAGES = frozenset({"laptop", "local_aws", "thriftline", "thriftline_cli"})


def _scale(text: str) -> float:
    scale = float(text)
    if scale <= 0:
        raise argparse.ArgumentTypeError("must be greater than 0")
    return scale


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not Key=Value")
    return name, value


def _quota(text: str) -> tuple[str, int]:
    name, separator, value = text.rpartition("=")
    if not separator or not value.strip().isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not Name=Number")
    return name, int(value)


def add_serve(commands: Any) -> None:
    """Add the `serve` command to a parser's commands."""
    serve = commands.add_parser("serve", help="deploy the template and serve until stopped")
    defaults = Options()
    serve.add_argument("--host", default=defaults.host, help="address to listen on")
    serve.add_argument(
        "--host-name",
        action="append",
        default=[],
        metavar="NAME",
        help="another name that clients call this by; may be given again",
    )
    serve.add_argument("--port", type=int, default=4566, help="0 takes a free one")
    serve.add_argument(
        "--region", help=f"that of the account file, or {defaults.region}, unless given"
    )
    serve.add_argument("--template", type=Path, help="another template than this repository's own")
    serve.add_argument(
        "--stack-name", default=defaults.stack_name, help=f"of the stack ({defaults.stack_name})"
    )
    serve.add_argument(
        "--parameter",
        type=_parameter,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a parameter of the template; may be given again",
    )
    serve.add_argument(
        "--time-scale",
        type=_scale,
        default=defaults.time_scale,
        metavar="X",
        help="divide waits and retry delays by X (time-outs stay)",
    )
    serve.add_argument(
        "--training-image",
        metavar="IMAGE",
        help="run training jobs in containers of this image, not as processes",
    )
    serve.add_argument(
        "--quota",
        type=_quota,
        action="append",
        default=[],
        metavar="NAME=N",
        help="a quota of the stack's account by its name in Service Quotas, such as "
        "'ml.g5.xlarge for spot training job usage=2'; may be given again",
    )
    serve.add_argument(
        "--spark-python",
        type=Path,
        metavar="PYTHON",
        help="the interpreter with pyspark, in place of .venv-spark, which make setup-preparation "
        "makes",
    )
    serve.add_argument(
        "--account",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an account to audit, or a folder of such files; may be given again",
    )


def in_own_environment() -> bool:
    """Tell whether the pinned packages are those of this interpreter."""
    if Path(sys.prefix).resolve() == _OWN_PYTHON.parents[1].resolve():
        return True
    # Another environment may have been made by hand, without `make setup`.
    return not _OWN_PYTHON.exists() and importlib.util.find_spec("samtranslator") is not None


def run_in_own_environment(program: str) -> int:
    """Go on in `.venv`, so that any `python -m local_aws` or `laptop` works once that is made."""
    if not _OWN_PYTHON.exists():
        print(f"{program}: its packages are missing: run make setup", file=sys.stderr)
        return 1
    os.execv(_OWN_PYTHON, [str(_OWN_PYTHON), "-m", program, *sys.argv[1:]])


def with_all_packages(program: str, work: Callable[[], int]) -> int:
    """Do the work; say so where a set-up that was interrupted left a package out."""
    try:
        return work()
    except ImportError as error:
        name = (error.name or "").partition(".")[0]
        if name in _OWN_PACKAGES:
            raise
        print(
            f"{program}: the package {name or error} is missing in {sys.prefix}, whose set-up was "
            "not finished: run make setup",
            file=sys.stderr,
        )
        return 1


def is_taken(host: str, port: int) -> bool:
    """Tell whether somebody listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def log_to_stderr() -> None:
    """Keep stdout for the answer alone, and the libraries quiet."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    for name in ("botocore", "samtranslator"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns of a switch of AWS's own that no template can set.
    logging.getLogger("samtranslator.feature_toggle").setLevel(logging.ERROR)
    # It reports each error that a machine catches; the history has them all.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(
    given: argparse.Namespace,
    settle: Callable[[Options], Options] = lambda options: options,
    prepare: Callable[["EmbeddedAws"], None] = lambda aws: None,
    use: Callable[[str], str] = "serving {} until Ctrl-C".format,
) -> int:
    """Serve until SIGINT or SIGTERM; stdout gets one line of JSON and nothing else.

    On a terminal it gets what a person does next in its place. `settle` completes the options,
    `prepare` fills the deployed stack before the line is printed, `use` words what to do next.
    """
    if given.port and is_taken(given.host, given.port):
        print(f"local_aws: port {given.port} is taken; --port 0 takes a free one", file=sys.stderr)
        return 1
    stdout = sys.stdout
    with _stop_on_signals() as stop, contextlib.redirect_stdout(sys.stderr):
        return _serve(given, stop, settle, lambda aws: _ready(aws, prepare, stdout, use))


def _ready(
    aws: "EmbeddedAws",
    prepare: Callable[["EmbeddedAws"], None],
    stdout: TextIO,
    use: Callable[[str], str],
) -> None:
    prepare(aws)
    line = json.dumps({"endpoint": aws.endpoint, "outputs": aws.outputs})
    print(use(aws.endpoint) if stdout.isatty() else line, file=stdout, flush=True)


def _serve(
    given: argparse.Namespace,
    stop: threading.Event,
    settle: Callable[[Options], Options],
    ready: Callable[["EmbeddedAws"], None],
) -> int:
    # These load moto, boto3 and SAM: seconds, which a wrong option should not cost.
    from local_aws.accounts.file import AccountFileError
    from local_aws.deployment.cloudformation import DeploymentError
    from local_aws.deployment.template import TemplateError
    from local_aws.functions.runtime import LambdaRuntimeMissingError
    from local_aws.hooks import MotoChangedError
    from local_aws.server import EmbeddedAws

    try:
        options = options_of(given)
        with EmbeddedAws(settle(options)) as aws:
            for account in options.accounts:
                print(f"loaded {account.summary()}", file=sys.stderr)
            ready(aws)
            stop.wait()
    except (
        AccountFileError,
        DeploymentError,
        LambdaRuntimeMissingError,
        MotoChangedError,
        OSError,
        TemplateError,
    ) as error:
        print(f"local_aws: {error}", file=sys.stderr)
        return 1
    return 0


def options_of(given: argparse.Namespace) -> Options:
    """Return what a parsed `serve` asks for."""
    from local_aws.accounts.reading import with_accounts

    values: dict[str, Any] = {
        "host": given.host,
        "host_names": given.host_name,
        "port": given.port,
        "stack_name": given.stack_name,
        "parameters": dict(given.parameter),
        "time_scale": given.time_scale,
        "training_image": given.training_image,
        "quotas": dict(given.quota),
    }
    if given.template is not None:
        values["template"] = given.template
    if given.region is not None:
        values["region"] = given.region
    if given.spark_python is not None:
        values["preparation"] = PreparationOptions(python=given.spark_python)
    return with_accounts(Options(**values), given.account, region=given.region)
