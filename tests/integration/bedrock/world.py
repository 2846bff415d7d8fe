"""The whole application on the embedded AWS with runs that train on Bedrock."""

import json
import time
from typing import Any

from local_aws.bedrock.options import StepFault
from tests.integration.workflow.world import PATIENCE_SECONDS, EndedExecution, World


class BedrockWorld(World):
    """Uploads data sets whose run specs name Bedrock, and looks at what Bedrock has."""

    @property
    def bedrock(self) -> Any:
        """A client of the test's own."""
        return self.aws.client("bedrock")

    def start(self, project: str, body: str, gate: Any = None, **bedrock: Any) -> str:
        """Uploads a data set with a run spec and returns its version id."""
        spec = {"trainer": "bedrock", "bedrock": bedrock, "gate": gate or {}}
        self.upload(f"{project}/run.yaml", json.dumps(spec))
        return self.upload(f"{project}/reviews.csv", body)

    def run(self, project: str, body: str, gate: Any = None, **bedrock: Any) -> EndedExecution:
        """Uploads a data set, and waits for the end of its run."""
        return self.end_of(self.start(project, body, gate, **bedrock))

    def deployments(self) -> list[dict[str, Any]]:
        listed = self.bedrock.list_custom_model_deployments()
        found: list[dict[str, Any]] = listed.get("modelDeploymentSummaries", [])
        return found

    def models_of(self, run_id: str) -> list[str]:
        listed = self.bedrock.list_custom_models(nameContains=run_id)
        return [one["modelArn"] for one in listed["modelSummaries"]]

    def customization_jobs_of(self, run_id: str) -> list[dict[str, Any]]:
        listed = self.bedrock.list_model_customization_jobs(nameContains=run_id)
        found: list[dict[str, Any]] = listed["modelCustomizationJobSummaries"]
        return found

    def let_fail(self, fault: StepFault) -> None:
        """Lets bad luck wait for a job or a deployment."""
        self.aws.services.bedrock_world.faults.add(fault)

    def holding(self) -> list[str]:
        """Returns the runs for which the ledger holds dollars."""
        months = self.aws.client("dynamodb").scan(TableName=self.aws.outputs["LedgerTableName"])
        assert months["Items"]
        return [run_id for month in months["Items"] for run_id in month["held"]["M"]]

    def assert_nothing_is_left(self, run_id: str) -> None:
        """Asserts that nothing of a run on Bedrock costs any more, and that no dollar is held."""
        assert run_id not in self.holding()
        assert self.models_of(run_id) == []
        assert self.deployments() == []
        running = [
            job
            for job in self.customization_jobs_of(run_id)
            if job["status"] in {"InProgress", "Stopping"}
        ]
        assert running == []

    def result_after_stop(self, arn: str) -> dict[str, Any]:
        """Waits for the result of an execution that was stopped: a machine of its own writes it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            result = self.result_of(arn)
            if result is not None:
                return result
            time.sleep(0.1)
        raise AssertionError("the stopped run has no result")

    def wait_for_phase(self, arn: str, phase: str) -> None:
        """Waits until the execution's attempt is in a phase."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for item in self.aws.client("dynamodb").scan(
                TableName=self.aws.outputs["RunsTableName"]
            )["Items"]:
                if item.get("execution_arn", {}).get("S") != arn:
                    continue
                attempt = item.get("attempt_01", {}).get("M", {})
                if attempt.get("secondary_status", {}).get("S", "").startswith(phase):
                    return
            time.sleep(0.02)
        raise AssertionError(f"no attempt is in phase {phase}: {self.entered(arn)}")
