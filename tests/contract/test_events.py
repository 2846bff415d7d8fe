"""events/*.json against the request models, the template and the machine."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import S3EventNotificationEventBridgeModel
from pydantic import BaseModel

from thriftline.schemas import steps

ROOT = Path(__file__).parents[2]
EVENTS = sorted((ROOT / "events").glob("*.json"))
MODELS: dict[str, type[BaseModel]] = {
    "open_run": steps.OpenRunRequest,
    "explain_upload": S3EventNotificationEventBridgeModel,
    "read_run_spec": steps.RunRequest,
    "validate_dataset": steps.RunRequest,
    "validate_range": steps.IndexRequest,
    "merge_validation": steps.RunRequest,
    "plan_run": steps.RunRequest,
    "prepare_split": steps.IndexRequest,
    "start_training": steps.StartTrainingRequest,
    "poll_training": steps.PollTrainingRequest,
    "evaluate_run": steps.JobRequest,
    "register_model": steps.JobRequest,
    "clean_up": steps.CleanUpRequest,
    "publish_result": steps.PublishResultRequest,
}


def test_every_function_and_the_machine_has_a_sample_event(template: dict[str, Any]) -> None:
    handlers = {
        resource["Properties"]["Handler"].split(".")[-2]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert {path.stem for path in EVENTS} == handlers | {
        "training_state_machine",
        "abandoned_run_state_machine",
    }
    assert set(MODELS) == handlers


@pytest.mark.parametrize("stem", sorted(MODELS))
def test_the_sample_event_is_what_the_handler_parses(stem: str) -> None:
    event = json.loads((ROOT / f"events/{stem}.json").read_text())
    MODELS[stem].model_validate(event)


@pytest.mark.parametrize("stem", sorted(set(MODELS) - {"explain_upload"}))
def test_an_unknown_key_is_refused_by_the_handlers_model(stem: str) -> None:
    event = json.loads((ROOT / f"events/{stem}.json").read_text())
    with pytest.raises(ValueError, match="surprise"):
        MODELS[stem].model_validate({**event, "surprise": 1})


@pytest.mark.parametrize("stem", sorted(set(MODELS) - {"explain_upload"}))
def test_the_machine_sends_exactly_the_keys_of_the_sample_event(
    stem: str, training_text: str
) -> None:
    logical = "".join(part.capitalize() for part in stem.split("_"))
    found = re.search(
        rf"FunctionName: \$\{{{logical}FunctionArn\}}\n\s+Payload:\n((?:\s+\w+: .*\n)+?)\s+"
        r"(?:Assign|Output|Retry):",
        training_text,
    )
    assert found, f"{logical} is not called by the machine"
    sent = re.findall(r"^\s+(\w+): ", found.group(1), flags=re.MULTILINE)
    event = json.loads((ROOT / f"events/{stem}.json").read_text())
    assert set(sent) == set(event)


def test_the_sample_upload_is_a_data_set_version_of_s3() -> None:
    event = json.loads((ROOT / "events/training_state_machine.json").read_text())
    parsed = S3EventNotificationEventBridgeModel.model_validate(event)
    assert parsed.detail.object.key.startswith("datasets/")
    assert parsed.detail.object.version_id
