"""What SageMaker answers about an endpoint is read in one place, whoever asks."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from thriftline.audit.aws.endpoint_answers import component_of
from thriftline.core.aws.endpoints.answers import model_names, scaled_resources
from thriftline.core.aws.requests import plain

_FUNCTIONS = Path(__file__).parents[3] / "functions/thriftline"
_MADE = datetime(2026, 11, 1, 9, tzinfo=UTC)


def _answer(**members: Any) -> dict[str, Any]:
    return {
        "InferenceComponentName": "part",
        "EndpointName": "chat",
        "VariantName": "all",
        "InferenceComponentStatus": "InService",
        "RuntimeConfig": {"CurrentCopyCount": 2, "DesiredCopyCount": 3},
        "CreationTime": _MADE,
        "LastModifiedTime": _MADE,
        **members,
    }


def test_a_component_with_a_specification_for_each_instance_type_names_all_its_models() -> None:
    several = [
        {"InstanceType": "ml.g5.xlarge", "ModelName": "small"},
        {"InstanceType": "ml.g6.xlarge", "ModelName": "fast"},
        {"InstanceType": "ml.g6e.xlarge", "ModelName": "small"},
    ]
    assert component_of(_answer(Specifications=several)).models == ("small", "fast")
    assert component_of(_answer(Specification={"ModelName": "only"})).models == ("only",)
    assert component_of(_answer(Specification={"Container": {}})).models == ()
    assert component_of(_answer()).models == ()


def test_a_saved_answer_describes_the_same_component_as_the_living_one() -> None:
    answer = _answer(
        Specification={"Container": {"ArtifactUrl": "s3://models/b/", "Also": "s3://models/a/"}}
    )
    found = component_of(answer)
    assert found == component_of(plain(answer))
    assert (found.name, found.variant, found.status) == ("part", "all", "InService")
    assert (found.copies, found.created, found.last_modified) == (2, _MADE, _MADE)
    assert found.artifact_s3_uris == ("s3://models/a/", "s3://models/b/")


def test_models_of_config_and_components_are_named_once_and_scaled_parts_all() -> None:
    config = {
        "ProductionVariants": [{"VariantName": "all", "ModelName": "a"}, {"VariantName": "none"}],
        "ShadowProductionVariants": [{"VariantName": "shadow", "ModelName": "b"}],
    }
    component = _answer(Specification={"ModelName": "a"}, Specifications=[{"ModelName": "c"}])
    assert model_names(config, [component]) == ("a", "b", "c")
    endpoint = {"EndpointName": "chat", "ProductionVariants": config["ProductionVariants"]}
    assert scaled_resources(endpoint, ["part"]) == [
        "endpoint/chat/variant/all",
        "endpoint/chat/variant/none",
        "inference-component/part",
    ]


@pytest.mark.parametrize("operation", ["describe_endpoint", "describe_inference_component"])
def test_one_place_asks_sagemaker_about_an_endpoint(operation: str) -> None:
    asks = re.compile(rf"\.{operation}\(")
    places = [
        path.relative_to(_FUNCTIONS).as_posix()
        for path in _FUNCTIONS.rglob("*.py")
        if asks.search(path.read_text())
    ]
    assert [one for one in places if not one.startswith("serving/")] == [
        "core/aws/endpoints/answers.py"
    ]
