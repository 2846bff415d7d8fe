"""`python -m laptop` serve, the demos, audit and estimate: no account."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_aws import command_line
from local_aws.options import ROOT, Options

if TYPE_CHECKING:
    from rich.console import Console

    from local_aws.server import EmbeddedAws

_DEMO_FOLDER = ROOT / ".thriftline/demo"
_BEDROCK_FOLDER = ROOT / ".thriftline/demo-bedrock"
_SERVING_FOLDER = ROOT / ".thriftline/demo-serving"
_PREPARATION_FOLDER = ROOT / ".thriftline/demo-preparation"
_AUDIT_FOLDER = ROOT / ".thriftline/audit"
_ESTIMATE_FOLDER = ROOT / ".thriftline/estimate"


def _parser(program: str = "python -m laptop") -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command_line.add_serve(commands)
    _add_page(commands)
    commands.add_parser("demo", help="run the main job on real sentences, as a story of uploads")
    commands.add_parser("bedrock", help="fine-tune a small generative model by way of Bedrock")
    commands.add_parser("serving", help="deploy, roll back, compare, sleep and wake, as a story")
    commands.add_parser("preparation", help="train on raw data, as it is and prepared on Spark")
    _add_audit(commands)
    _add_estimate(commands)
    return parser


def _add_page(commands: Any) -> None:
    page = commands.add_parser("page", help="serve the embedded AWS with its page until stopped")
    page.add_argument("--port", type=int, default=0, help="of the embedded AWS; 0: a free one (0)")
    page.add_argument("--page-port", type=int, default=4567, help="of the page; 0: a free one")
    page.add_argument(
        "--time-scale", type=float, default=5.0, metavar="X", help="divide waits by X"
    )


def _add_estimate(commands: Any) -> None:
    estimate = commands.add_parser("estimate", help="say what a run of a file would cost")
    estimate.add_argument(
        "data",
        type=Path,
        nargs="?",
        help="a data file, or a folder with train.csv and so on; without it, usual cases by the "
        "hour are priced",
    )
    estimate.add_argument("--run", type=Path, metavar="FILE", help="a run.yaml")
    estimate.add_argument("--region", default="us-east-1", help="whose prices are taken")


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
    """Serve this repository's stack until SIGINT or SIGTERM, or run a demo."""
    # `thriftline local` says so, and becomes this program.
    parser = _parser(os.environ.get("THRIFTLINE_PROGRAM", "python -m laptop"))
    given = parser.parse_args(arguments)
    if given.command == "serve" and given.template:
        parser.error("--template is for python -m local_aws serve; this serves the own stack")
    if not command_line.in_own_environment():
        return command_line.run_in_own_environment("laptop")
    return command_line.with_all_packages("laptop", lambda: _run(given))


def _run(given: argparse.Namespace) -> int:
    command_line.log_to_stderr()
    demos = {
        "demo": _demo,
        "bedrock": _demo_bedrock,
        "serving": _demo_serving,
        "preparation": _demo_preparation,
    }
    if given.command in demos:
        return demos[given.command]()
    if given.command == "audit":
        return _audit(given)
    if given.command == "estimate":
        return _estimate(given)
    if given.command == "page":
        return _page(given)
    return _serve(given)


def _serve(given: argparse.Namespace) -> int:
    from laptop import stack, watch

    def prepare(aws: "EmbeddedAws") -> None:
        stack.upload_base_model(aws)
        stack.push_image(aws)
        watch.start(aws, lambda line: print(line, file=sys.stderr, flush=True))

    try:
        return command_line.serve(given, stack.with_own_stack, prepare, _use)
    except stack.SetupError as error:
        print(f"laptop: {error}", file=sys.stderr)
        return 1


def _use(endpoint: str) -> str:
    """What a person does next, in another terminal."""
    return f"""\
serving {endpoint} until Ctrl-C; in another terminal, in this folder:

  export PATH="$PWD/.venv/bin:$PATH" AWS_ENDPOINT_URL={endpoint}
  thriftline runs submit my.csv --project mine --wait
  thriftline ui
"""


def _page(given: argparse.Namespace) -> int:
    from laptop import page

    logging.getLogger().setLevel(logging.WARNING)
    try:
        page.run(given.port, given.page_port, given.time_scale, _DEMO_FOLDER)
    except page.PageError as error:
        print(f"page: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("page: stopped", file=sys.stderr)
    return 0


def _demo() -> int:
    from laptop import demo

    return _show_demo(demo.TIME_SCALE, demo.run_demo, _DEMO_FOLDER)


def _demo_bedrock() -> int:
    from laptop import demo_bedrock

    # No price list has the model of this machine; the demo says so itself.
    logging.getLogger("local_aws.services.bedrock_bill").setLevel(logging.ERROR)
    return _show_demo(
        demo_bedrock.TIME_SCALE,
        demo_bedrock.run_demo,
        _BEDROCK_FOLDER,
        demo_bedrock.require_small_model,
    )


def _demo_serving() -> int:
    from laptop import demo_serving

    return _show_demo(demo_serving.TIME_SCALE, demo_serving.run_demo, _SERVING_FOLDER)


def _demo_preparation() -> int:
    from laptop import demo_preparation

    return _show_demo(
        demo_preparation.TIME_SCALE,
        demo_preparation.run_demo,
        _PREPARATION_FOLDER,
        demo_preparation.require_spark,
    )


def _show_demo(
    time_scale: float,
    run: "Callable[[EmbeddedAws, Path, Console], object]",
    folder: Path,
    require: Callable[[], None] = lambda: None,
) -> int:
    from rich.console import Console

    from laptop import stack
    from laptop.demo_error import DemoError
    from laptop.sample_data import SampleDataError
    from local_aws.server import EmbeddedAws

    logging.getLogger().setLevel(logging.WARNING)
    console = Console()
    try:
        require()
        console.print("starting the embedded AWS and deploying template.yaml on it")
        with EmbeddedAws(stack.with_own_stack(Options(time_scale=time_scale))) as aws:
            stack.upload_base_model(aws)
            run(aws, folder, console)
    except (SampleDataError, DemoError, stack.SetupError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)
        return 130
    return 0


def _audit(given: argparse.Namespace) -> int:
    from rich.console import Console

    from laptop import demo_audit, demo_ending, stack
    from laptop.demo_error import DemoError
    from local_aws.accounts.file import AccountFileError
    from local_aws.accounts.reading import REPORT_ACCOUNT, with_accounts
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
            if given.mode == "act":
                demo_ending.end_and_restore(aws, report, _AUDIT_FOLDER, console)
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


def _estimate(given: argparse.Namespace) -> int:
    from rich.console import Console

    from laptop import estimate

    console = Console()
    try:
        if given.data is None:
            estimate.run_guides(given.region, console)
        else:
            estimate.run_estimate(given.data, given.run, given.region, _ESTIMATE_FOLDER, console)
    except estimate.EstimateError as error:
        print(f"estimate: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
