"""Service integrations: whom the interpreter calls, and the shape of parameters and results."""

import json
from datetime import date, datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore.model import OperationModel
from botocore.response import StreamingBody
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk as aws_sdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501
    StateTaskService,
)
from moto.stepfunctions.parser.asl.utils import boto_client

from local_aws.clients import Clients
from local_aws.hooks import Hooks
from local_aws.stepfunctions.executions import iso

# Service names of aws-sdk integrations that differ from boto3's.
_BOTO_NAMES = {
    "sfn": "stepfunctions",
    "states": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
}
_ERROR_PREFIXES = {
    "dynamodb": "DynamoDb",
    "sfn": "Sfn",
    "s3": "S3",
    "sagemaker": "SageMaker",
    "eventbridge": "EventBridge",
    "cloudwatchlogs": "CloudWatchLogs",
    "cloudwatch": "CloudWatch",
    "lambda": "Lambda",
    "sns": "Sns",
    "sqs": "Sqs",
    "ssm": "Ssm",
}


def install(hooks: Hooks, clients: Clients) -> None:
    """Send the interpreter's calls to this server, and translate names both ways."""

    def client(**arguments: Any) -> Any:
        return clients.get(arguments["service_name"], arguments.get("region_name"))

    hooks.replace(boto_client, "boto3", SimpleNamespace(client=client))
    hooks.replace(StateTaskService, "_SERVICE_NAME_SFN_TO_BOTO_OVERRIDES", _BOTO_NAMES)
    hooks.replace(aws_sdk, "_SERVICE_ERROR_NAMES", _ERROR_PREFIXES)
    hooks.replace(StateTaskService, "_normalise_parameters", _normalise_parameters)
    hooks.replace(StateTaskService, "_normalise_response", _normalise_response)


@lru_cache(maxsize=256)
def _operation(service: str, action: str) -> OperationModel | None:
    model = botocore.session.get_session().get_service_model(service)
    wanted = action.replace("_", "").lower()
    for name in model.operation_names:
        if name.lower() == wanted:
            return model.operation_model(name)
    return None


def _in_camel_case(shape: Any) -> bool:
    return shape is not None and any(name[:1].islower() for name in shape.members)


def _find(task: Any, service: str | None, action: str | None) -> OperationModel | None:
    return _operation(task._get_boto_service_name(service), task._get_boto_service_action(action))


def _normalise_parameters(
    self: Any,
    parameters: dict[str, Any],
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    """Integrations take PascalCase; some APIs (states, logs, batch) are written in camelCase."""
    operation = _find(self, boto_service_name, service_action_name)
    if operation is not None and _in_camel_case(operation.input_shape):
        self._to_boto_request(parameters, operation.input_shape)
    if operation is not None and operation.name == "PutObject":
        body = parameters.get("Body")
        if not isinstance(body, str | bytes | None):
            parameters["Body"] = json.dumps(body, separators=(",", ":"))


def _normalise_response(
    self: Any,
    response: Any,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    operation = _find(self, boto_service_name, service_action_name)
    if operation is not None and _in_camel_case(operation.output_shape):
        self._from_boto_response(response, operation.output_shape)
    if isinstance(response, dict):
        response.update({key: _to_json(value) for key, value in response.items()})


def _to_json(value: Any) -> Any:
    if isinstance(value, StreamingBody):
        return value.read().decode()
    if isinstance(value, dict):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_to_json(item) for item in value]
    if isinstance(value, datetime):
        return iso(value)
    return value.isoformat() if isinstance(value, date) else value
