"""`python -m local_aws serve`, `demo` and `audit`: the embedded AWS with the template on it."""

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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from local_aws.options import ROOT, Options

_OWN_PYTHON = ROOT / ".venv/bin/python"
_DEMO_FOLDER = ROOT / ".thriftline/demo"
_AUDIT_FOLDER = ROOT / ".thriftline/audit"


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="deploy the template and serve until stopped")
    defaults = Options()
    serve.add_argument("--host", default=defaults.host, help="address to listen on")
    serve.add_argument("--port", type=int, default=4566, help="0 takes a free one")
    serve.add_argument(
        "--region", help=f"that of the account file, or {defaults.region}, unless given"
    )
    serve.add_argument("--template", type=Path, help="another template than this repository's own")
    serve.add_argument("--stack-name", default=defaults.stack_name)
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
        "--account",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an account to audit, or a folder of such files; may be given again",
    )
    commands.add_parser("demo", help="run the main job twice on real sentences, and report")
    _add_audit(commands)
    return parser


def _add_audit(commands: Any) -> None:
    audit = commands.add_parser("audit", help="audit an account file, and leave the report here")
    audit.add_argument(
        "--account",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an account, or a folder of such files; the report's account unless given",
    )
    audit.add_argument(
        "--input",
        default="{}",
        metavar="JSON",
        help="the execution's input; empty for the defaults",
    )
    audit.add_argument(
        "--mode",
        choices=("report", "mark", "act"),
        default="report",
        help="the most that the audit may do to the account",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM, or run the demo.

    Of `serve`, stdout gets one line of JSON and nothing else.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command == "serve" and given.template and given.training_image:
        parser.error("--training-image is for this repository's own template, not for --template")
    if not _in_own_environment():
        return _run_in_own_environment()
    stdout = sys.stdout
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    for name in ("botocore", "samtranslator"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It reports each error that a machine catches; the history has them all.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    if given.command == "demo":
        return _demo()
    if given.command == "audit":
        return _audit(given)
    if given.port and _is_taken(given.host, given.port):
        print(f"local_aws: port {given.port} is taken; --port 0 takes a free one", file=sys.stderr)
        return 1
    with _stop_on_signals() as stop, contextlib.redirect_stdout(sys.stderr):
        return _serve(given, stdout, stop)


def _in_own_environment() -> bool:
    """Tell whether the pinned packages are those of this interpreter."""
    if Path(sys.prefix).resolve() == _OWN_PYTHON.parents[1].resolve():
        return True
    # Another environment may have been made by hand, without `make setup`.
    return not _OWN_PYTHON.exists() and importlib.util.find_spec("samtranslator") is not None


def _run_in_own_environment() -> int:
    """Go on in `.venv`, so that any `python -m local_aws` works once that is made."""
    if not _OWN_PYTHON.exists():
        print("local_aws: its packages are missing: run make setup", file=sys.stderr)
        return 1
    os.execv(_OWN_PYTHON, [str(_OWN_PYTHON), "-m", "local_aws", *sys.argv[1:]])


def _is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _demo() -> int:
    from rich.console import Console

    from local_aws import demo, stack
    from local_aws.sample_data import SampleDataError
    from local_aws.server import EmbeddedAws

    logging.getLogger().setLevel(logging.WARNING)
    console = Console()
    try:
        console.print("starting the embedded AWS and deploying template.yaml on it")
        with EmbeddedAws(stack.with_own_stack(Options(time_scale=demo.TIME_SCALE))) as aws:
            stack.upload_base_model(aws)
            demo.run_demo(aws, _DEMO_FOLDER, console)
    except (SampleDataError, demo.DemoError, stack.SetupError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)
        return 130
    return 0


def _audit(given: argparse.Namespace) -> int:
    from rich.console import Console

    from local_aws import demo_audit, stack
    from local_aws.account_file import AccountFileError
    from local_aws.account_reading import REPORT_ACCOUNT, with_accounts
    from local_aws.demo import DemoError
    from local_aws.server import EmbeddedAws

    logging.getLogger().setLevel(logging.WARNING)
    console = Console()
    try:
        asked = json.loads(given.input)
        options = with_accounts(
            Options(parameters={"AuditMode": given.mode}), given.account or [REPORT_ACCOUNT]
        )
        console.print("starting the embedded AWS and deploying template.yaml on it")
        with EmbeddedAws(stack.with_own_stack(options)) as aws:
            for account in options.accounts:
                console.print(f"loaded {account.summary()}", highlight=False)
            report = demo_audit.run_audit(aws, asked, _AUDIT_FOLDER, console)
        demo_audit.summarise(report, _AUDIT_FOLDER, console)
    except json.JSONDecodeError as error:
        print(f"audit: --input is not JSON: {error}", file=sys.stderr)
        return 1
    except (AccountFileError, DemoError, stack.SetupError) as error:
        print(f"audit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("audit: stopped", file=sys.stderr)
        return 130
    return 0


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


def _serve(given: argparse.Namespace, stdout: TextIO, stop: threading.Event) -> int:
    # These load moto, boto3 and SAM: seconds, which a wrong option should not cost.
    from local_aws import stack
    from local_aws.account_file import AccountFileError
    from local_aws.cloudformation import DeploymentError
    from local_aws.hooks import MotoChangedError
    from local_aws.lambda_runtime import LambdaRuntimeMissingError
    from local_aws.server import EmbeddedAws
    from local_aws.template import TemplateError

    own = given.template is None
    try:
        options = _options(given)
        with EmbeddedAws(stack.with_own_stack(options) if own else options) as aws:
            if own:
                stack.upload_base_model(aws)
            for account in options.accounts:
                print(f"loaded {account.summary()}", file=sys.stderr)
            line = {"endpoint": aws.endpoint, "outputs": aws.outputs}
            print(json.dumps(line), file=stdout, flush=True)
            stop.wait()
    except (
        AccountFileError,
        DeploymentError,
        LambdaRuntimeMissingError,
        MotoChangedError,
        OSError,
        TemplateError,
        stack.SetupError,
    ) as error:
        print(f"local_aws: {error}", file=sys.stderr)
        return 1
    return 0


def _options(given: argparse.Namespace) -> Options:
    from local_aws.account_reading import with_accounts

    values: dict[str, Any] = {
        "host": given.host,
        "port": given.port,
        "stack_name": given.stack_name,
        "parameters": dict(given.parameter),
        "time_scale": given.time_scale,
        "training_image": given.training_image,
    }
    if given.template is not None:
        values["template"] = given.template
    if given.region is not None:
        values["region"] = given.region
    return with_accounts(Options(**values), given.account, region=given.region)


if __name__ == "__main__":
    sys.exit(main())
