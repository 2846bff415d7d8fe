"""The deployment machine on the embedded AWS: versions that are registered, and requests."""

import io
import json
import tarfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local_aws.http.faults import AwsFault
from local_aws.server import EmbeddedAws
from tests.integration.executions import ended
from tests.integration.mailbox import open_mailbox

PATIENCE_SECONDS = 240
# Of which the account may have three behind endpoints.
SCARCE_TYPE = "ml.m5.4xlarge"


@dataclass
class Ended:
    """One execution of the machine that has ended, and its deployment's document."""

    arn: str
    status: str
    error: str
    cause: str
    output: dict[str, Any]
    document: dict[str, Any] | None

    @property
    def ending(self) -> str:
        """How the deployment ended."""
        return str(self.told["ending"])

    @property
    def told(self) -> dict[str, Any]:
        """The document, or the output where nothing was opened."""
        return self.document or self.output


class ServingWorld:
    """Registers versions, asks the machine, and looks at the endpoint, by boto3 clients alone."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.s3, self.states = aws.client("s3"), aws.client("stepfunctions")
        self.sagemaker, self.cloudwatch = aws.client("sagemaker"), aws.client("cloudwatch")
        self.runtime = aws.client("sagemaker-runtime")
        self.data = aws.outputs["DataBucketName"]
        self.artifacts = aws.outputs["ArtifactsBucketName"]
        self.machine = aws.outputs["DeployModelStateMachineArn"]
        self.image = f"{aws.outputs['TrainingRepositoryUri']}:0.1.0"
        self.messages = open_mailbox(aws, "deployments")
        self._push()

    def _push(self) -> None:
        repository = self.aws.outputs["TrainingRepositoryUri"].rpartition("/")[2]
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": kind, "layers": [], "config": {"size": 1}}
        )
        self.aws.client("ecr").put_image(
            repositoryName=repository, imageManifest=manifest, imageTag="0.1.0"
        )

    def serve_yaml(self, project: str, text: str) -> None:
        self.s3.put_object(
            Bucket=self.data, Key=f"datasets/{project}/serve.yaml", Body=text.encode()
        )

    def register(self, project: str, *, approval: str = "Approved", **behaviour: Any) -> str:
        """Registers a version as a run does, with an artifact of its own; returns its ARN."""
        group, run_id = f"thriftline-{project}", uuid.uuid4().hex[:12]
        key = f"training/{run_id}/job/output/model.tar.gz"
        self.s3.put_object(Bucket=self.artifacts, Key=key, Body=_archive(behaviour))
        known = self.sagemaker.list_model_package_groups(NameContains=group)
        if not known["ModelPackageGroupSummaryList"]:
            self.sagemaker.create_model_package_group(ModelPackageGroupName=group)
        arn: str = self.sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus=approval,
            InferenceSpecification={
                "Containers": [
                    {"Image": self.image, "ModelDataUrl": f"s3://{self.artifacts}/{key}"}
                ],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            MetadataProperties={"GeneratedBy": "thriftline", "ProjectId": project},
            CustomerMetadataProperties={"run_id": run_id, "trainer": "sagemaker"},
        )["ModelPackageArn"]
        return arn

    def start(self, project: str, action: str = "deploy", **more: Any) -> str:
        """Starts the machine and returns the execution."""
        request = {
            "action": action,
            "project": project,
            "requested_by": "a test",
            "why": "",
            "token": uuid.uuid4().hex,
            **more,
        }
        arn: str = self.states.start_execution(
            stateMachineArn=self.machine, input=json.dumps(request)
        )["executionArn"]
        return arn

    def deploy(self, project: str, **more: Any) -> Ended:
        return self.wait(self.start(project, **more))

    def rollback(self, project: str, **more: Any) -> Ended:
        return self.wait(self.start(project, "rollback", **more))

    def wait(self, arn: str) -> Ended:
        found = ended(self.aws, arn, PATIENCE_SECONDS)
        assert found, f"{arn} still runs: {self.entered(arn)[-5:]}"
        return self._ended(arn, found)

    def _ended(self, arn: str, found: dict[str, Any]) -> Ended:
        return Ended(
            arn,
            found["status"],
            found.get("error", ""),
            found.get("cause", ""),
            json.loads(found.get("output") or "{}"),
            self.document_of(arn),
        )

    def deployment_of(self, project: str) -> Ended:
        """Waits for the deployment that something else has asked for, and returns its end."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for document in self.documents(f"serving/thriftline-{project}/deployments/"):
                return self.wait(document["execution_arn"])
            time.sleep(0.1)
        raise AssertionError(f"nothing deploys {project}")

    def recorded(self, arn: str) -> dict[str, Any]:
        """Waits until a deployment was announced, whoever did it, and returns its document."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            document = self.document_of(arn)
            if document is not None and document["announced"]:
                return document
            time.sleep(0.2)
        raise AssertionError(f"{arn} was never recorded")

    def documents(self, prefix: str = "serving/") -> Iterator[dict[str, Any]]:
        """Yields the documents of deployments."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.artifacts, Prefix=prefix
        )
        for page in pages:
            for one in page.get("Contents", ()):
                if "/deployments/" in one["Key"]:
                    yield self._document(one["Key"])

    def document_of(self, arn: str) -> dict[str, Any] | None:
        """Returns the document of the deployment that an execution owns."""
        owned = (one for one in self.documents() if one["execution_arn"] == arn)
        return next(owned, None)

    def _document(self, key: str) -> dict[str, Any]:
        body = self.s3.get_object(Bucket=self.artifacts, Key=key)["Body"].read()
        document: dict[str, Any] = json.loads(body)
        return document

    def entered(self, arn: str) -> list[str]:
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [
            event["stateEnteredEventDetails"]["name"]
            for page in pages
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]

    def wait_until(self, arn: str, state: str) -> None:
        """Waits until an execution has entered a state."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while state not in self.entered(arn):
            assert time.monotonic() < deadline, f"{arn} never enters {state}"
            time.sleep(0.1)

    def abort(self, project: str) -> None:
        """Stops the deployment that is under way, as the command does."""
        endpoint = f"thriftline-{project}"
        (own,) = (
            one["deployment_id"]
            for one in self.documents(f"serving/{endpoint}/deployments/")
            if one["ending"] is None
        )
        names = [
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "DeploymentId", "Value": own},
        ]
        self.cloudwatch.put_metric_data(
            Namespace="Thriftline/Serving",
            MetricData=[{"MetricName": "AbortDeployment", "Dimensions": names, "Value": 1}],
        )

    def wait_for_alarm(self, name: str, state: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            (found,) = self.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
            if found["StateValue"] == state:
                return
            time.sleep(0.1)
        raise AssertionError(f"{name} is never {state}")

    def delete_artifact(self, package_arn: str) -> None:
        found = self.sagemaker.describe_model_package(ModelPackageName=package_arn)
        uri = found["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        key = uri.partition(f"{self.artifacts}/")[2]
        self.s3.delete_object(Bucket=self.artifacts, Key=key)

    def fail(self, service: str, operation: str, code: str, status: int, times: int) -> None:
        """Let the functions' next calls of an operation fail; the test's own go through."""
        self.aws.faults.add(AwsFault(service, operation, code, status, times, "thriftline/"))

    def take_messages(self) -> list[str]:
        """Returns what people were told since the last call."""
        sqs, taken = self.aws.client("sqs"), list[str]()
        while found := sqs.receive_message(
            QueueUrl=self.messages, MaxNumberOfMessages=10, WaitTimeSeconds=1
        ).get("Messages"):
            for one in found:
                taken.append(str(json.loads(one["Body"])["Message"]))
                sqs.delete_message(QueueUrl=self.messages, ReceiptHandle=one["ReceiptHandle"])
        return taken

    def endpoint(self, project: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_endpoint(
            EndpointName=f"thriftline-{project}"
        )
        return found

    def serves(self, project: str) -> str:
        return str(self.endpoint(project)["EndpointConfigName"])

    def ask(self, project: str, **target: str) -> str | None:
        """Returns the label that the endpoint answers, None where it answers with an error."""
        try:
            answer = self.runtime.invoke_endpoint(
                EndpointName=f"thriftline-{project}",
                **target,
                Body=b'{"text": "A warm film."}',
                ContentType="application/json",
            )
        except ClientError:
            return None
        return str(json.loads(answer["Body"].read())["label"])

    def history(self, project: str) -> dict[str, Any]:
        """Returns the endpoint's own item of the table, as DynamoDB writes it."""
        item: dict[str, Any] = self.aws.client("dynamodb").get_item(
            TableName=self.aws.outputs["EndpointsTableName"],
            Key={"endpoint": {"S": f"thriftline-{project}"}, "item": {"S": "endpoint"}},
        )["Item"]
        return item

    def nothing_in_use_was_deleted(self, project: str) -> bool:
        """Whether config, models and artifacts of all versions in the history are still there."""
        items = self.aws.client("dynamodb").query(
            TableName=self.aws.outputs["EndpointsTableName"],
            KeyConditionExpression="endpoint = :e AND begins_with(#i, :v)",
            ExpressionAttributeNames={"#i": "item"},
            ExpressionAttributeValues={
                ":e": {"S": f"thriftline-{project}"},
                ":v": {"S": "version#"},
            },
        )["Items"]
        for item in items:
            self.sagemaker.describe_endpoint_config(EndpointConfigName=item["config"]["S"])
            self.sagemaker.describe_model(ModelName=item["model_name"]["S"])
            key = item["artifact_uri"]["S"].partition(f"{self.artifacts}/")[2]
            self.s3.head_object(Bucket=self.artifacts, Key=key)
        return bool(items)

    def alarms_of(self, document: dict[str, Any]) -> list[str]:
        found = self.cloudwatch.describe_alarms(AlarmNames=document["alarms"] or ["none"])
        return [one["AlarmName"] for one in found["MetricAlarms"]]


def _archive(behaviour: Mapping[str, Any]) -> bytes:
    """Returns a model.tar.gz whose program answers as it is told; see quick_serve.py."""
    text = json.dumps({"label": "good", "salt": uuid.uuid4().hex, **behaviour}).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("behaviour.json")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    return packed.getvalue()


class Traffic:
    """Callers of an endpoint, one after the other; ``failed`` counts what did not end well."""

    def __init__(self, world: ServingWorld, project: str) -> None:
        self._world, self._project = world, project
        self.answered = self.failed = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            if self._world.ask(self._project) is None:
                self.failed += 1
            else:
                self.answered += 1
