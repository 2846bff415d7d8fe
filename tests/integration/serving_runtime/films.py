"""An endpoint of tiny models, and what tests do with it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_aws.server import EmbeddedAws

ROLE = "arn:aws:iam::123456789012:role/serving"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/thriftline@sha256:" + "0" * 64
TEXT = json.dumps({"text": "the film is warm"}).encode()
# Far more than anything takes; a test fails, not a timing.
PATIENCE_SECONDS = 180


def eventually(look: Callable[[], Any]) -> Any:
    """Return the first true value that `look` gives."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return value


@dataclass
class Films:
    """The embedded AWS with two models in its bucket: `v1` and `v2`, of other labels each."""

    aws: EmbeddedAws

    @property
    def bucket(self) -> str:
        return self.aws.outputs["BucketName"]

    @property
    def sagemaker(self) -> Any:
        return self.aws.client("sagemaker")

    def model(self, name: str, version: str, **container: Any) -> str:
        """Make a model of a version."""
        data = {"ModelDataUrl": f"s3://{self.bucket}/models/{version}/model.tar.gz"}
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE, **data, **container},
        )
        return name

    def config(self, name: str, model: str, count: int = 2, **settings: Any) -> str:
        """Make a configuration of one variant `main`."""
        variant = {
            "VariantName": "main",
            "ModelName": model,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": count,
        }
        if serverless := settings.pop("ServerlessConfig", None):
            variant = {
                "VariantName": "main",
                "ModelName": model,
                "ServerlessConfig": serverless,
            }
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant], **settings
        )
        return name

    def create(self, endpoint: str, config: str) -> None:
        """Make an endpoint and wait until it serves."""
        self.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
        self.settled(endpoint)

    def settled(self, endpoint: str) -> dict[str, Any]:
        """Wait for the end of a change."""

        def look() -> Any:
            found = self.sagemaker.describe_endpoint(EndpointName=endpoint)
            return found if found["EndpointStatus"] in ("InService", "Failed") else None

        return dict(eventually(look))

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint and wait until it is gone."""
        self.sagemaker.delete_endpoint(EndpointName=endpoint)
        eventually(lambda: not self.sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"])

    def invoke(self, endpoint: str, body: bytes = TEXT, **more: Any) -> dict[str, Any]:
        """Ask a model; `answer` is the body as JSON."""
        found = self.aws.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint, Body=body, ContentType="application/json", **more
        )
        return {**found, "answer": json.loads(found["Body"].read())}

    def put(self, key: str, body: bytes) -> str:
        """Put an object and return its URI."""
        self.aws.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix."""
        found = self.aws.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", ())]

    def has(self, key: str) -> bool:
        """Whether there is an object of this key."""
        return key in self.keys(key)

    def read(self, key: str) -> bytes:
        """Return an object's body."""
        return bytes(self.aws.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())
