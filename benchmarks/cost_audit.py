"""The cost audit of a large account beside Cloud Custodian with the nearest policies.

    make bench-audit                       # 2,000 endpoints, 20,000 training jobs, 500 buckets
    make bench-audit BENCH="--small"       # a hundredth of it, to see that it works

One process serves the account over HTTP, as AWS's APIs are; the audits run against it in turns,
each in a process of its own with nothing cached. Custodian's policies are three: endpoints in
service without invocations in seven days, the training jobs of thirty days with their tags, buckets
above a gigabyte without a lifecycle. Thriftline's audit is the whole one: every collector, all
metrics, all rules, the plan.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CUSTODIAN = ROOT / ".thriftline/bench-audit/venv/bin/python"
FULL, SMALL = (2_000, 20_000, 500), (20, 200, 5)
OURS, THEIRS = "Thriftline", "Cloud Custodian"
EMPTY_REGION = "eu-north-1"
_MIB = 1024

POLICIES: Mapping[str, Mapping[str, Any]] = {
    "endpoint-idle": {
        "resource": "aws.sagemaker-endpoint",
        "filters": [
            {"EndpointStatus": "InService"},
            {
                "type": "metrics",
                "namespace": "AWS/SageMaker",
                "name": "Invocations",
                "statistics": "Sum",
                "dimensions": {"VariantName": "variant-0"},
                "days": 7,
                "period": 86_400,
                "period-start": "start-of-day",
                "value": 1,
                "op": "less-than",
            },
        ],
    },
    # Of the window only; Thriftline reads older ones too, to tell who wrote what lies in S3.
    "training-jobs": {
        "resource": "aws.sagemaker-job",
        "query": [{"CreationTimeAfter": "WINDOW"}],
    },
    "bucket-no-lifecycle": {
        "resource": "aws.s3",
        "filters": [
            {"type": "value", "key": "Lifecycle", "value": "absent"},
            {
                "type": "metrics",
                "name": "BucketSizeBytes",
                "dimensions": {"StorageType": "StandardStorage"},
                "days": 3,
                "period": 86_400,
                "value": 1_000_000_000,
                "op": "greater-than",
            },
        ],
    },
}


@dataclass
class Measured:
    """One audit, or one policy: what it took of the client's machine and of AWS."""

    wall: float
    processor: float
    peak_mib: float
    calls: Mapping[str, int]
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cloudwatch(self) -> int:
        """Calls of CloudWatch."""
        return sum(count for call, count in self.calls.items() if call.startswith("cloudwatch "))

    @property
    def all_calls(self) -> int:
        """Calls of all services."""
        return sum(self.calls.values())


class Server:
    """The process that stands for AWS."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.place: dict[str, str] = json.loads(self._line())

    def calls(self) -> dict[str, int]:
        """Return the calls since the last time that this was asked."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        counted: dict[str, int] = json.loads(self._line())
        return counted

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the server ended")
        return line


@contextmanager
def served(size: Sequence[int]) -> Iterator[Server]:
    """Serves a generated account."""
    command = [sys.executable, "-m", "benchmarks.cost_audit_server", *map(str, size)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        yield Server(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def run(command: Sequence[str], server: Server) -> tuple[Measured, str]:
    """Run a client of the server and measure it."""
    environment = {name: value for name, value in os.environ.items() if "AWS_" not in name}
    environment |= {
        "AWS_ENDPOINT_URL": server.place["endpoint"],
        "AWS_DEFAULT_REGION": server.place["region"],
        "AWS_REGION": server.place["region"],
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "POWERTOOLS_TRACE_DISABLED": "1",
    }
    server.calls()
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[:3]} ended with {process.returncode}")
    measured = Measured(
        wall=wall,
        processor=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / _MIB,
        calls=server.calls(),
    )
    return measured, said


def ours(server: Server, region: str | None = None) -> Measured:
    """Run Thriftline's whole audit."""
    place = server.place
    command = [sys.executable, "-m", "benchmarks.cost_audit_ours"]
    command += [place["account"], region or place["region"], place["now"], place["bucket"]]
    measured, said = run(command, server)
    measured.said = json.loads(said.splitlines()[-1])
    return measured


def theirs(server: Server, custodian: Path, region: str | None = None) -> Measured:
    """Run Custodian's policies, one after the other as it does, and count what they matched."""
    start = datetime.fromisoformat(server.place["now"]) - timedelta(days=30)
    policies = [{"name": name, **policy} for name, policy in POLICIES.items()]
    text = json.dumps({"policies": policies}).replace("WINDOW", f"{start:%Y-%m-%d}")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "policies.json"
        file.write_text(text)
        command = [str(custodian), str(ROOT / "benchmarks/cost_audit_custodian.py"), "run"]
        command += ["--cache-period", "0", "--region", region or server.place["region"]]
        measured, _ = run([*command, "-s", folder, str(file)], server)
        measured.said = {
            name: len(json.loads((Path(folder) / name / "resources.json").read_text()))
            for name in POLICIES
        }
    return measured


def row(what: str, one: Measured) -> str:
    """Return a row of the table."""
    return (
        f"| {what} | {one.cloudwatch:,} | {one.all_calls:,} | {one.wall:.1f} "
        f"| {one.processor:.1f} | {one.peak_mib:.0f} |"
    )


def table(mine: Sequence[Measured], custodian: Sequence[Measured]) -> Iterator[str]:
    """Yield the table of all rounds."""
    yield "| what | CloudWatch calls | all calls | wall s | client's processor s | peak MiB |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for number, (one, other) in enumerate(zip(mine, custodian, strict=True), start=1):
        yield row(f"{OURS}, round {number}", one)
        yield row(f"{THEIRS}, round {number}", other)
    best = min(mine, key=lambda one: one.wall)
    least = min(custodian, key=lambda one: one.wall)
    yield ""
    yield "| Thriftline is better by | ratio | bar |"
    yield "| --- | ---: | ---: |"
    yield f"| CloudWatch calls | {least.cloudwatch / best.cloudwatch:.1f} | 10 |"
    yield f"| all calls | {least.all_calls / best.all_calls:.1f} | |"
    yield f"| wall time, the faster round of each | {least.wall / best.wall:.1f} | 3 |"
    yield ""
    yield f"Peak memory: {max(one.peak_mib for one in mine):.0f} MiB; the bar is 512."


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a hundredth of the account")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--custodian", type=Path, default=CUSTODIAN, help="python with c7n")
    arguments = parser.parse_args()
    size = SMALL if arguments.small else FULL
    print(f"{size[0]:,} endpoints of 2 variants, {size[1]:,} training jobs, {size[2]:,} buckets\n")
    mine: list[Measured] = []
    custodian: list[Measured] = []
    with served(size) as server:
        # A server loads much at its first calls; a region with nothing in it makes it do so.
        ours(server, EMPTY_REGION)
        theirs(server, arguments.custodian, EMPTY_REGION)
        for _ in range(arguments.rounds):
            mine.append(ours(server))
            custodian.append(theirs(server, arguments.custodian))
            for one in (mine[-1], custodian[-1]):
                print(json.dumps({"said": one.said, "calls": one.calls}), flush=True)
    print()
    for line in table(mine, custodian):
        print(line)


if __name__ == "__main__":
    main()
