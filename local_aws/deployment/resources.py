"""Resource types of which moto's CloudFormation knows nothing, made through the public APIs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.clients import Clients
from local_aws.deployment.property_types import application_arguments

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """A resource that was made: its physical id, and what `Fn::GetAtt` returns of it."""

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


# Takes the clients, a generated name and the resolved properties; a text is the physical id.
Creator = Callable[[Clients, str, Properties], str | Made]


def _document(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _bucket_policy(clients: Clients, _name: str, properties: Properties) -> str:
    bucket = properties["Bucket"]
    clients.get("s3").put_bucket_policy(
        Bucket=bucket, Policy=_document(properties["PolicyDocument"])
    )
    return str(bucket)


def _queue_policy(clients: Clients, name: str, properties: Properties) -> str:
    for queue in properties["Queues"]:
        clients.get("sqs").set_queue_attributes(
            QueueUrl=queue, Attributes={"Policy": _document(properties["PolicyDocument"])}
        )
    return name


def _topic_policy(clients: Clients, name: str, properties: Properties) -> str:
    for topic in properties["Topics"]:
        clients.get("sns").set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=_document(properties["PolicyDocument"]),
        )
    return name


def _subscription(clients: Clients, _name: str, properties: Properties) -> str:
    attributes = {
        key: _document(properties[key])
        for key in ("FilterPolicy", "RawMessageDelivery", "FilterPolicyScope")
        if key in properties
    }
    answer = clients.get("sns").subscribe(
        TopicArn=properties["TopicArn"],
        Protocol=properties["Protocol"],
        Endpoint=properties["Endpoint"],
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )
    return str(answer["SubscriptionArn"])


def _alarm(clients: Clients, name: str, properties: Properties) -> str:
    alarm = str(properties.get("AlarmName", name))
    numbers = {
        "Threshold": float,
        "Period": int,
        "EvaluationPeriods": int,
        "DatapointsToAlarm": int,
    }
    converted = {
        key: numbers[key](value) if key in numbers else value for key, value in properties.items()
    }
    clients.get("cloudwatch").put_metric_alarm(**{**converted, "AlarmName": alarm})
    return alarm


def _event_invoke_config(clients: Clients, name: str, properties: Properties) -> str:
    numbers = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
    arguments = {key: int(properties[key]) for key in numbers if key in properties}
    if "DestinationConfig" in properties:
        arguments["DestinationConfig"] = properties["DestinationConfig"]
    clients.get("lambda").put_function_event_invoke_config(
        FunctionName=properties["FunctionName"], **arguments
    )
    return name


def _model_package_group(clients: Clients, _name: str, properties: Properties) -> str:
    group = properties["ModelPackageGroupName"]
    answer = clients.get("sagemaker").create_model_package_group(
        ModelPackageGroupName=group,
        ModelPackageGroupDescription=properties.get("ModelPackageGroupDescription", ""),
        Tags=properties.get("Tags", []),
    )
    return str(answer["ModelPackageGroupArn"])


def _secret(clients: Clients, name: str, properties: Properties) -> str:
    secrets = clients.get("secretsmanager")
    arguments = {
        key: properties[key] for key in ("Description", "KmsKeyId", "Tags") if key in properties
    }
    text = properties.get("SecretString")
    if text is None:
        text = _generated(clients, properties.get("GenerateSecretString", {}))
    made = secrets.create_secret(Name=properties.get("Name", name), SecretString=text, **arguments)
    return str(made["ARN"])


def _generated(clients: Clients, settings: Properties) -> str:
    # CloudFormation hands numbers and truths over as texts.
    asked = {
        key: value if key == "ExcludeCharacters" else str(value).lower() == "true"
        for key, value in settings.items()
        if key not in ("GenerateStringKey", "SecretStringTemplate", "PasswordLength")
    }
    if "PasswordLength" in settings:
        asked["PasswordLength"] = int(settings["PasswordLength"])
    made = str(clients.get("secretsmanager").get_random_password(**asked)["RandomPassword"])
    if "GenerateStringKey" not in settings:
        return made
    template = json.loads(settings.get("SecretStringTemplate", "{}"))
    return json.dumps({**template, settings["GenerateStringKey"]: made})


def _schedule_group(clients: Clients, name: str, properties: Properties) -> str:
    group = str(properties.get("Name", name[:64]))
    clients.get("scheduler").create_schedule_group(Name=group, Tags=properties.get("Tags", []))
    return group


def _spark_application(clients: Clients, name: str, properties: Properties) -> Made:
    answer = clients.get("emr-serverless").create_application(
        clientToken=name[:64], **application_arguments(properties)
    )
    identifier = str(answer["applicationId"])
    return Made(identifier, {"Arn": str(answer["arn"]), "ApplicationId": identifier})


CREATORS: Mapping[str, Creator] = {
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SNS::Subscription": _subscription,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::EMRServerless::Application": _spark_application,
    "AWS::Lambda::EventInvokeConfig": _event_invoke_config,
    "AWS::SageMaker::ModelPackageGroup": _model_package_group,
    "AWS::Scheduler::ScheduleGroup": _schedule_group,
    "AWS::SecretsManager::Secret": _secret,
}
