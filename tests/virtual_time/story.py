"""What happens in a world: uploads, people, stops, outages, all by chance; then its end."""

import json
import os
import random
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.virtual_time.execution import Execution
from tests.virtual_time.faults import Faults, Outage
from tests.virtual_time.invariants import left_on_bedrock
from tests.virtual_time.world import ABANDONED, TRAINING, World

_HOUR, _DAY = 3600.0, 86400.0
_SERVICES = (
    "s3", "dynamodb", "sagemaker", "sns", "events", "stepfunctions", "ec2", "bedrock",
    "bedrock-runtime", "emr-serverless",
)  # fmt: skip
# A bill that SageMaker never gives is settled a week after the run's end.
_LONGEST_SWEEPS = 20 * _DAY


@dataclass
class Story:
    """A world with so many uploads; ``told`` is what a person reads of a seed that failed."""

    world: World
    uploads: int
    told: list[str] = field(default_factory=list)
    stops: dict[str, int] = field(default_factory=dict)

    def play(self) -> None:
        """Lets everything happen, and the sweeps until nothing is left to sweep."""
        world, chance = self.world, self.world.chance
        rate = chance.choice((0.0, 0.002, 0.01, 0.03))
        os.environ["MAX_USD_PER_MONTH"] = str(chance.choice((15, 60, 500)))
        world.faults = Faults(chance, rate, rate, list(self._outages()))
        world.on_token, world.on_state = self._asked, self._entered
        for one in ("ml.g5.xlarge", "ml.g5.2xlarge", "ml.g4dn.xlarge", "ml.m5.xlarge"):
            for spot in (True, False):
                world.quota[one, spot] = chance.choice((0, 1, 2, 4, 4))
        self.told.append(f"faults {rate}, outages {[*map(str, world.faults.outages)]}")
        for number in range(self.uploads):
            world.timeline.after(chance.uniform(0, 2 * _DAY), partial(self._upload, number))
        world.timeline.after(_HOUR, self._sweep_ledger)
        world.timeline.after(300, self._sweep_approvals)
        world.timeline.after(6 * _HOUR, self._sweep_bedrock)
        world.timeline.run()

    def _outages(self) -> list[Outage]:
        chance = self.world.chance
        if chance.random() < 0.7:
            return []
        begins = chance.uniform(0, 2 * _DAY)
        return [Outage(chance.choice(_SERVICES), begins, begins + chance.uniform(30, _HOUR))]

    # ---- Uploads

    def _upload(self, number: int) -> None:
        chance = self.world.chance
        project = f"reviews{chance.randrange(2)}"
        kind = chance.random()
        if kind < 0.22:
            # Raw data: run.yaml comes last, and starts the run.
            folder = f"datasets/raw-{project}/"
            self._put(f"{folder}raw.csv", _data_set(chance, number))
            self._put(f"{folder}run.yaml", _prepare_yaml(chance))
            return
        folder = f"datasets/{project}/"
        if kind < 0.42:
            self._put(f"{folder}run.yaml", _bedrock_yaml(chance))
        elif chance.random() < 0.75:
            self._put(f"{folder}run.yaml", _run_yaml(chance))
        self._put(f"{folder}reviews.csv", _data_set(chance, number))

    def _put(self, key: str, body: bytes) -> None:
        put = self.world.s3.put_object(Bucket="data", Key=key, Body=body)
        self._notify(key, put["VersionId"], len(body))

    def _notify(self, key: str, version: str, size: int) -> None:
        chance = self.world.chance
        document = {
            "detail": {
                "bucket": {"name": "data"},
                "object": {"key": key, "version-id": version, "etag": "e", "size": size},
            }
        }
        # EventBridge delivers at least once.
        for again in range(2 if chance.random() < 0.15 else 1):
            delay = chance.uniform(0.3, 3) + again * chance.choice((0.0, 0.1, 30, _HOUR))
            name = f"{version}-{again}"
            self.world.timeline.after(delay, partial(self._begin, name, document))

    def _begin(self, name: str, document: Any) -> None:
        chance = self.world.chance
        execution = self.world.start(TRAINING, name, document)
        self.told.append(f"{self.world.timeline.seconds:.0f} s: {name} starts")
        if chance.random() < 0.12:
            # Somebody stops it, or the machine's own time is over.
            status = chance.choice(("ABORTED", "ABORTED", "TIMED_OUT"))
            delay = chance.expovariate(1 / 3000)
            self.world.timeline.after(delay, lambda: execution.stop(status))
        if chance.random() < 0.15:
            self.stops[execution.arn] = chance.randint(1, 30)

    def _entered(self, execution: Execution) -> None:
        """Now and then an execution is stopped just when it enters a state."""
        if self.stops.get(execution.arn) == len(execution.entered):
            delay = self.world.chance.choice((0.0, self.world.chance.uniform(0, 1)))
            self.world.timeline.after(delay, execution.stop)

    # ---- People, and what runs by the clock

    def _asked(self, function: str, token: str) -> None:
        if function != "RequestApprovalFunction":
            return
        world, chance = self.world, self.world.chance
        said = chance.choice(("approve", "approve", "approve", "reject", None))
        execution = world.executions[token.partition("#")[0]]

        def answer() -> None:
            for item in world.dynamodb.tables["runs"].values():
                if item.get("asked_by", {}).get("S") == execution.arn:
                    payload = {"run_id": item["run"]["S"], "answer": said, "by": "ann"}
                    if said == "approve":
                        payload["worst_case_usd"] = item["worst_case_usd"]["S"]
                    world.invoke("AnswerApprovalFunction", payload, lambda *_: None)

        if said:
            world.timeline.after(chance.expovariate(1 / (6 * _HOUR)), answer)

    def _sweep_ledger(self) -> None:
        world = self.world
        if any(one.get("held", {}).get("M") for one in world.dynamodb.tables["ledger"].values()):
            world.invoke("SweepLedgerFunction", {}, lambda *_: None)
        late = world.timeline.seconds > 5 * _DAY
        if self._goes_on():
            world.timeline.after(6 * _HOUR if late else _HOUR, self._sweep_ledger)

    def _sweep_approvals(self) -> None:
        world = self.world
        if world.dynamodb.tables["runs"].get("approvals_pending", {}).get("runs"):
            world.invoke("SweepApprovalsFunction", {}, lambda *_: None)
        if self._goes_on():
            world.timeline.after(1800, self._sweep_approvals)

    def _sweep_bedrock(self) -> None:
        world = self.world
        if left_on_bedrock(world):
            world.invoke("SweepBedrockFunction", {}, lambda *_: None)
        if self._goes_on():
            world.timeline.after(6 * _HOUR, self._sweep_bedrock)

    def _goes_on(self) -> bool:
        world = self.world
        if world.timeline.seconds < 2 * _DAY + _HOUR:
            return True
        running = any(one.status == "RUNNING" for one in world.executions.values())
        held = any(one.get("held", {}).get("M") for one in world.dynamodb.tables["ledger"].values())
        pending = world.dynamodb.tables["runs"].get("approvals_pending", {}).get("runs")
        left = held or bool(pending) or bool(left_on_bedrock(world))
        return (running or left) and world.timeline.seconds < _LONGEST_SWEEPS


def _run_yaml(chance: random.Random) -> bytes:
    spec: dict[str, Any] = {"budget": {"max_usd": chance.choice((1, 3, 5, 10, 20, 40))}}
    training: dict[str, Any] = {}
    if chance.random() < 0.4:
        training["max_runtime_seconds"] = chance.choice((1800, 7200, 20000))
    shape = chance.random()
    if shape < 0.2:
        training["ladder"] = [
            {"instance_type": "ml.g4dn.xlarge", "market": "spot", "wait_seconds": 900},
            {"instance_type": "ml.g5.xlarge", "market": "spot", "max_interruptions": 0},
            {"instance_type": "ml.g5.xlarge", "market": "on-demand"},
        ]
    elif shape < 0.4:
        training["spot"] = False
        training["keep_alive_seconds"] = chance.choice((0, 600, 3600))
    elif shape < 0.5:
        training["spot"] = "auto"
    if training:
        spec["training"] = training
    if chance.random() < 0.3:
        spec["gate"] = {"approval": "manual"}
    if chance.random() < 0.05:
        spec["budget"] = {"max_usd": "much"}
    return json.dumps(spec).encode()


def _bedrock_yaml(chance: random.Random) -> bytes:
    spec: dict[str, Any] = {"trainer": "bedrock"}
    if chance.random() < 0.5:
        spec["budget"] = {"max_usd": chance.choice((1, 5, 5, 20))}
    if chance.random() < 0.3:
        spec["gate"] = {"approval": "manual"}
    return json.dumps(spec).encode()


def _prepare_yaml(chance: random.Random) -> bytes:
    prepare: dict[str, Any] = {
        "engine": chance.choice(("auto", "emr_serverless")),
        "max_minutes": chance.choice((30, 120, 300, 700)),
        "max_vcpus": chance.choice((8, 16, 64)),
    }
    if chance.random() < 0.2:
        prepare["max_usd"] = chance.choice((1, 3))
    spec = json.loads((_bedrock_yaml if chance.random() < 0.3 else _run_yaml)(chance))
    if chance.random() < 0.8:
        # Both parts have to fit one cap.
        spec["budget"] = {"max_usd": chance.choice((8, 15, 40))}
    return json.dumps({**spec, "prepare": prepare}).encode()


def _data_set(chance: random.Random, number: int) -> bytes:
    rows = chance.choice((200, 200, 260))
    if chance.random() < 0.05:
        rows = 3
    lines = ["text,label"]
    for index in range(rows):
        word, label = ("splendid", "positive") if index % 2 else ("dreadful", "negative")
        lines.append(f"a {word} film number {number * 1000 + index} seen in town,{label}")
    return ("\n".join(lines) + "\n").encode()


def abandoned(world: World) -> list[Execution]:
    """The executions that tidied up after others."""
    return [one for arn, one in world.executions.items() if ABANDONED in arn]
