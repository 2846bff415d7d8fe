"""How long each handler takes to import, beside boto3 with Powertools alone, in the same run.

    make bench-cold-start [BENCH="--rounds 9 --only poll_training"]

Every figure is the processor time of a fresh interpreter in the functions' own environment, so
that other work on the machine counts little. Rounds are interleaved, so that a busy moment meets
all rows alike; a row is the least of its rounds, less that of an empty interpreter, as a ratio of
the floor's.
"""

import argparse
import os
import resource
import subprocess
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local_aws.deployment.template import read_layers
from local_aws.functions.layers import layer_packages

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-lambda/bin/python"
HANDLERS = ROOT / "functions/thriftline/handlers"
EMPTY = "pass"
# What a handler cannot do without: the SDK, and Powertools as core/observability.py makes it.
FLOOR = (
    "import boto3; from aws_lambda_powertools import Logger, Metrics, Tracer; "
    "Logger(service='x'); Tracer(service='x'); Metrics(namespace='x', service='x')"
)
# The API's own, which are no handlers' modules: the app alone, and with the view of its commonest
# call, which is imported by the first.
API = {
    "api": "import thriftline.api.handler",
    "api, listing runs": "import thriftline.api.handler, thriftline.api.views.runs",
}
BAR = 1.5
# These read data or draw pages, which numpy, arro3, jinja2 and pygal do.
HEAVY_BAR = 2.5
HEAVY = frozenset(
    {
        "evaluate_run",
        "explain_upload",
        "merge_validation",
        "prepare_split",
        "publish_audit",
        "publish_endpoint_page",
        "publish_result",
        "validate_dataset",
        "validate_range",
        "write_report",
    }
)


def handlers() -> list[str]:
    """Return the name of every handler module."""
    return sorted(path.stem for path in HANDLERS.glob("*.py") if path.stem != "__init__")


def python_path() -> str:
    """Return where functions import from: their code, then the packages of layers."""
    layers = [layer_packages(each) for each in read_layers(ROOT / "template.yaml")]
    return os.pathsep.join(map(str, (HANDLERS.parents[1], *layers)))


def seconds_of(statement: str, path: str) -> float:
    """Return the processor seconds that a fresh interpreter takes for a statement."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": path,
        "AWS_DEFAULT_REGION": "us-east-1",
        # By it the X-Ray SDK knows Lambda; elsewhere it makes a client at its import, 100 ms.
        "LAMBDA_TASK_ROOT": str(HANDLERS.parents[1]),
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([PYTHON, "-c", statement], check=True, env=environment, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(names: list[str], rounds: int) -> dict[str, float]:
    """Return the least seconds of each statement; the first round only warms the disk's cache."""
    statements = {"": EMPTY, "floor": FLOOR}
    for name in names:
        statements[name] = API.get(name, f"import thriftline.handlers.{name}")
    path = python_path()
    taken: dict[str, list[float]] = {name: [] for name in statements}
    for number in range(rounds + 1):
        for name, statement in statements.items():
            seconds = seconds_of(statement, path)
            if number:
                taken[name].append(seconds)
    return {name: min(values) for name, values in taken.items()}


def main() -> None:
    """Print the table of all handlers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="names of handlers; all unless given")
    given = parser.parse_args()
    names = given.only or [*API, *handlers()]
    least = measure(names, given.rounds)
    floor = least["floor"] - least[""]
    console = Console()
    console.print(f"boto3 with Powertools alone: {floor * 1000:.0f} ms")
    table = Table("handler", box=None, padding=(0, 2))
    for column in ("import, ms", "ratio", "bar"):
        table.add_column(column, justify="right")
    worst = 0
    for name in names:
        own = least[name] - least[""]
        bar = HEAVY_BAR if name in HEAVY else BAR
        worst += own / floor > bar
        table.add_row(name, f"{own * 1000:.0f}", f"{own / floor:.2f}", str(bar))
    console.print(table)
    console.print(f"{worst} of {len(names)} over their bar")


if __name__ == "__main__":
    main()
