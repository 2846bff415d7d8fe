"""Two embedded AWS on which the documents' commands find what they speak of.

One has a project with a run that has ended, versions that are approved and an endpoint with a
history, one whose model answers on Bedrock, and runs that wait for an answer. The other is the
report's account, whose clock is of another day: with an audit's report, and an endpoint that an
audit has ended.
"""

import dataclasses
import functools
import json
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from laptop.stack import BASE_MODEL_PREFIX, with_own_stack
from local_aws.accounts.reading import REPORT_ACCOUNT, with_accounts
from local_aws.bedrock.options import BedrockOptions, Step
from local_aws.server import EmbeddedAws, Options
from local_aws.services.hosting_options import HostingOptions
from local_aws.serving.options import ServingOptions
from local_aws.training.jobs import TrainingJobs
from local_aws.training.options import TrainingOptions
from tests.integration.audit_workflow.world import AuditWorld
from tests.integration.quick_application import CONFIG, PROGRAM
from tests.integration.serving.world import ServingWorld
from tests.integration.workflow.test_approval import Waiting
from tests.integration.workflow.world import World, csv_of

SERVING_PROGRAM = Path(__file__).parents[1] / "serving/quick_serve.py"
HOSTING = HostingOptions(provisioning_seconds=15, activation_seconds=1, deletion_seconds=1)
PROJECT, ON_BEDROCK = "reviews", "nova"
SERVE = """\
instance: {type: ml.m5.large, count: 1}
rollout: {type: all-at-once, bake_seconds: 180}
capture: {percent: 100}
compare: {kind: shadow, weight_percent: 100, deadline_hours: 24}
"""
TEXTS = '{"text": "A warm film."}\n{"text": "Dull."}\n'


@contextmanager
def application() -> Iterator[EmbeddedAws]:
    """Runs the whole application; a training takes a moment."""
    jobs = functools.partial(
        TrainingJobs,
        command=[sys.executable, str(PROGRAM)],
        options=TrainingOptions(stop_grace_seconds=5),
    )
    options = Options(
        time_scale=60,
        bedrock=BedrockOptions(seconds=dict.fromkeys(Step, 0.0)),
        hosting=HOSTING,
        serving=ServingOptions(command=(sys.executable, str(SERVING_PROGRAM))),
    )
    with EmbeddedAws(dataclasses.replace(with_own_stack(options), training_jobs=jobs)) as aws:
        aws.client("s3").put_object(
            Bucket=aws.outputs["ArtifactsBucketName"],
            Key=f"{BASE_MODEL_PREFIX}config.json",
            Body=CONFIG.encode(),
        )
        yield aws


class Documented:
    """What the commands are about; what a command uses up is made for each of them."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self._runs, self._serving = World(aws), ServingWorld(aws)
        self._asked: list[Waiting] = []
        self.run_id = self._trained(PROJECT, {"trainer": "sagemaker"}, 400)
        self._runs.s3.put_object(
            Bucket=self._runs.artifacts, Key="transform/texts/films.jsonl", Body=TEXTS.encode()
        )

    @cached_property
    def answers_on_bedrock(self) -> str:
        """The project whose model answers on Bedrock, with a version before it; made once."""
        for rows in (300, 400):
            spec = {"trainer": "bedrock", "bedrock": {"keep_deployment": True}}
            self._trained(ON_BEDROCK, spec, rows)
        return ON_BEDROCK

    @cached_property
    def is_served(self) -> str:
        """The project with an endpoint, which has had two versions; made once."""
        self._serving.serve_yaml(PROJECT, SERVE)
        for _ in range(2):
            self.register()
            assert self._serving.deploy(PROJECT).ending == "deployed"
        return PROJECT

    def _trained(self, project: str, spec: Mapping[str, object], rows: int) -> str:
        self._runs.upload(f"{project}/run.yaml", json.dumps(spec))
        ended = self._runs.end_of(self._runs.upload(f"{project}/my.csv", csv_of(rows)))
        assert ended.result is not None, (ended.error, ended.cause)
        assert ended.result["status"] == "succeeded", ended.result["reason"]
        return str(ended.result["run_id"])

    @property
    def artifacts(self) -> str:
        """The bucket that a role of the stack may read and write."""
        return str(self._runs.artifacts)

    def register(self, approval: str = "Approved") -> int:
        """Returns the number of a new version."""
        return int(self._serving.register(PROJECT, approval=approval).rpartition("/")[2])

    def deployment_under_way(self) -> Callable[[], object]:
        """Starts a roll-out that takes an hour; returns what waits for its end."""
        self.register()
        arn = self._serving.start(PROJECT, overrides={"rollout": {"bake_seconds": 3600}})
        self._serving.wait_until(arn, "Poll deployment")
        return lambda: self._serving.wait(arn)

    def compare(self) -> None:
        """Compares a new version with the one in use, on live traffic."""
        arn = self._comparison("start", model_package_arn=self._serving.register(PROJECT))
        self._serving.wait_until(arn, "Poll experiment")

    def end_comparison(self) -> None:
        """Ends the comparison that is under way."""
        under_way = self._comparisons
        self._serving.wait(self._comparison("stop"))
        for arn in under_way:
            self._serving.wait(arn)

    def _comparison(self, action: str, **more: str) -> str:
        request = {"action": action, "project": PROJECT, "requested_by": "a test", "why": ""}
        arn: str = self._serving.states.start_execution(
            stateMachineArn=self.aws.outputs["CompareModelsStateMachineArn"],
            input=json.dumps({**request, "token": uuid.uuid4().hex, **more}),
        )["executionArn"]
        return arn

    @property
    def _comparisons(self) -> list[str]:
        listed = self._serving.states.list_executions(
            stateMachineArn=self.aws.outputs["CompareModelsStateMachineArn"],
            statusFilter="RUNNING",
        )
        return [one["executionArn"] for one in listed["executions"]]

    def clear_schedule(self) -> None:
        """Lets the endpoint be on always."""
        self.aws.client("lambda").invoke(
            FunctionName=self.aws.outputs["ChangeScheduleFunctionName"],
            Payload=json.dumps(
                {"endpoint": f"thriftline-{PROJECT}", "requested_by": "a test"}
            ).encode(),
        )

    def waiting_run(self) -> str:
        """Returns a run that waits for a person's answer."""
        self._asked.append(Waiting(self._runs, f"asking-{len(self._asked)}"))
        return str(self._asked[-1].run_id)

    @property
    def asked_usd(self) -> str:
        """The worst case that the last of these asks for."""
        return str(self._asked[-1].yes()["worst_case_usd"])


class Audited:
    """The report's account after audits that may act, one of which has ended an endpoint."""

    # What the account has idle.
    endpoint = "llama3-endpoint-1"

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        world = AuditWorld(aws)
        names = {"EndpointName": self.endpoint, "VariantName": "AllTraffic"}
        aws.put_metric("AWS/SageMaker", "Invocations", names, 0.0)
        assert world.audit_endpoints().planned("terminate_endpoint") == [self.endpoint]
        world.pass_silent_days(4, self.endpoint)
        assert world.audit_endpoints().planned("terminate_endpoint") == [self.endpoint]
        aws.clock.advance(timedelta(seconds=5))
        assert self.endpoint not in world.endpoints()
        self.finding = str(world.audit().told["findings"][0]["id"])


@contextmanager
def audited_account() -> Iterator[EmbeddedAws]:
    """Runs the application beside the report's account; the audit may act."""
    options = Options(time_scale=60, parameters={"AuditMode": "act"})
    with EmbeddedAws(with_own_stack(with_accounts(options, [REPORT_ACCOUNT]))) as aws:
        yield aws
