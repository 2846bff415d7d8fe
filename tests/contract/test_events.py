"""events/*.json against the request models, the template and the machine."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import S3EventNotificationEventBridgeModel
from pydantic import BaseModel

from tests.contract.conftest import API_HANDLER, MACHINES
from thriftline.audit.schemas import steps as audit_steps
from thriftline.audit.schemas.input import AuditInput
from thriftline.messages.schemas.queue import PostMessageRequest
from thriftline.runs.schemas import approval, waking
from thriftline.runs.schemas.steps.any_run import JobRequest, RunRequest
from thriftline.runs.schemas.steps.budget import CountSpendRequest, SettleBudgetRequest
from thriftline.runs.schemas.steps.ending import CleanUpRequest, PublishResultRequest
from thriftline.runs.schemas.steps.opening import OpenRunRequest
from thriftline.runs.schemas.steps.preparation import PreparationRequest
from thriftline.runs.schemas.steps.sweeps import SweepBedrockRequest, SweepLedgerRequest
from thriftline.runs.schemas.steps.training import PollTrainingRequest, StartTrainingRequest
from thriftline.runs.schemas.steps.validation import IndexRequest
from thriftline.runs.trainers.bedrock.grading_documents import GradeRequests
from thriftline.serving.schemas import experiment_steps
from thriftline.serving.schemas.endpoint_page import EndpointEvent
from thriftline.serving.schemas.quality import WatchQualityRequest
from thriftline.serving.schemas.schedules import ActOnScheduleRequest, ChangeScheduleRequest
from thriftline.serving.schemas.steps.ending import RecordDeploymentRequest, SettleDeploymentRequest
from thriftline.serving.schemas.steps.opening import OpenDeploymentRequest
from thriftline.serving.schemas.steps.requests import DeploymentRequest, DeployRequest

ROOT = Path(__file__).parents[2]
EVENTS = sorted((ROOT / "events").glob("*.json"))
MODELS: dict[str, type[BaseModel]] = {
    "open_run": OpenRunRequest,
    "plan_preparation": RunRequest,
    "start_preparation": PreparationRequest,
    "poll_preparation": PreparationRequest,
    "explain_upload": S3EventNotificationEventBridgeModel,
    "validate_dataset": RunRequest,
    "validate_range": IndexRequest,
    "merge_validation": RunRequest,
    "plan_run": RunRequest,
    "reserve_budget": RunRequest,
    "request_approval": approval.RequestApprovalRequest,
    "answer_approval": approval.AnswerApprovalRequest,
    "close_approval": approval.CloseApprovalRequest,
    "sweep_approvals": approval.SweepApprovalsRequest,
    "prepare_split": IndexRequest,
    "start_training": StartTrainingRequest,
    "poll_training": PollTrainingRequest,
    "wake_run": waking.WakeRunRequest,
    "evaluate_run": JobRequest,
    "grade_answers": GradeRequests,
    "register_model": JobRequest,
    "clean_up": CleanUpRequest,
    "settle_budget": SettleBudgetRequest,
    "publish_result": PublishResultRequest,
    "count_spend": CountSpendRequest,
    "sweep_ledger": SweepLedgerRequest,
    "sweep_bedrock": SweepBedrockRequest,
    "open_audit": audit_steps.OpenAuditRequest,
    "collect_part": audit_steps.CollectRequest,
    "assemble_inventory": audit_steps.TargetRequest,
    "apply_rules": audit_steps.TargetRequest,
    "plan_actions": audit_steps.AuditRequest,
    "write_report": audit_steps.AuditRequest,
    "mark_on_plan": audit_steps.ActRequest,
    "act_on_plan": audit_steps.ActRequest,
    "restore_endpoint": audit_steps.RestoreEndpointRequest,
    "publish_audit": audit_steps.AuditRequest,
    "watch_quality": WatchQualityRequest,
    "post_message": PostMessageRequest,
    "preview_deployment": DeployRequest,
    "publish_endpoint_page": EndpointEvent,
    "open_deployment": OpenDeploymentRequest,
    "check_deployment": DeploymentRequest,
    "prepare_deployment": DeploymentRequest,
    "start_deployment": DeploymentRequest,
    "poll_deployment": DeploymentRequest,
    "settle_deployment": SettleDeploymentRequest,
    "record_deployment": RecordDeploymentRequest,
    "open_experiment": experiment_steps.OpenExperimentRequest,
    "start_experiment": experiment_steps.ExperimentRequest,
    "poll_experiment": experiment_steps.ExperimentRequest,
    "end_experiment": experiment_steps.EndExperimentRequest,
    "act_on_schedule": ActOnScheduleRequest,
    "change_schedule": ChangeScheduleRequest,
}


def test_every_function_and_the_machine_has_a_sample_event(template: dict[str, Any]) -> None:
    handlers = {
        resource["Properties"]["Handler"].split(".")[-2]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        and resource["Properties"]["Handler"] != API_HANDLER
    }
    # API Gateway's events have a form of their own; see test_api.py.
    assert {path.stem for path in EVENTS if not path.stem.startswith("api_")} == handlers | {
        f"{machine.name}_state_machine" for machine in MACHINES
    }
    assert set(MODELS) == handlers


@pytest.mark.parametrize("stem", sorted(MODELS))
def test_the_sample_event_is_what_the_handler_parses(stem: str) -> None:
    event = json.loads((ROOT / f"events/{stem}.json").read_text())
    MODELS[stem].model_validate(event)


# AWS itself sends these, and may say more one day.
OF_AWS = {"explain_upload", "grade_answers", "post_message", "publish_endpoint_page"}


@pytest.mark.parametrize("stem", sorted(set(MODELS) - OF_AWS))
def test_an_unknown_key_is_refused_by_the_handlers_model(stem: str) -> None:
    event = json.loads((ROOT / f"events/{stem}.json").read_text())
    with pytest.raises(ValueError, match="surprise"):
        MODELS[stem].model_validate({**event, "surprise": 1})


# These hear of uploads that start no run, or of a schedule, or are asked by a person or by Bedrock.
NOT_OF_A_MACHINE = {
    "answer_approval",
    "change_schedule",
    "count_spend",
    "explain_upload",
    "grade_answers",
    "post_message",
    "preview_deployment",
    "publish_endpoint_page",
    "restore_endpoint",
    "sweep_approvals",
    "sweep_bedrock",
    "sweep_ledger",
    "watch_quality",
}


@pytest.mark.parametrize("stem", sorted(set(MODELS) - NOT_OF_A_MACHINE))
def test_a_machine_sends_exactly_the_keys_of_the_sample_event(stem: str) -> None:
    logical = "".join(part.capitalize() for part in stem.split("_"))
    sent = [
        set(state.definition["Arguments"]["Payload"])
        for machine in MACHINES
        for state in machine.tasks()
        if f"${{{logical}FunctionArn}}" in state.definition["Arguments"].get("FunctionName", "")
    ]
    assert sent, f"{logical} is not called by a machine"
    event = json.loads((ROOT / f"events/{stem}.json").read_text())
    assert all(keys == set(event) for keys in sent)


def test_the_sample_upload_is_a_data_set_version_of_s3() -> None:
    event = json.loads((ROOT / "events/training_state_machine.json").read_text())
    parsed = S3EventNotificationEventBridgeModel.model_validate(event)
    assert parsed.detail.object.key.startswith("datasets/")
    assert parsed.detail.object.version_id


@pytest.mark.parametrize("machine", ["cost_audit_state_machine", "idle_endpoints_state_machine"])
def test_an_input_of_an_audit_is_one(machine: str) -> None:
    AuditInput.model_validate_json((ROOT / f"events/{machine}.json").read_bytes())


def test_an_input_of_the_deployment_machine_is_a_request() -> None:
    text = (ROOT / "events/deploy_model_state_machine.json").read_bytes()
    DeployRequest.model_validate_json(text)


def test_an_input_of_the_machine_of_comparisons_is_a_request() -> None:
    text = (ROOT / "events/compare_models_state_machine.json").read_bytes()
    experiment_steps.CompareRequest.model_validate_json(text)
