"""The embedded AWS on an address that containers reach, and SAM in front of it."""

import ipaddress
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.containers.engine import docker
from tests.containers.env_vars import client, function_environments
from tests.containers.sam import ROOT, Sam
from tests.training.tiny import make_base_model

# What run.sh has made.
BUILD_VARIABLE = "THRIFTLINE_SAM_BUILD"
IMAGE_VARIABLE = "THRIFTLINE_LAMBDA_IMAGE"
TRAINING_IMAGE_VARIABLE = "THRIFTLINE_TRAINING_IMAGE"
FUNCTION_IMAGE = "thriftline-lambda"
# SAM puts a function's layers into an image of its own, on top of the function's.
LAYER_IMAGES = "samcli/lambda-*"


@dataclass(frozen=True)
class Aws:
    """The embedded AWS with the template deployed."""

    endpoint: str
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        return client(service, self.endpoint)

    def keys(self, prefix: str) -> list[str]:
        """The current objects of the artifacts bucket under a prefix."""
        bucket = self.outputs["ArtifactsBucketName"]
        found = self.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", [])]

    def document(self, key: str) -> Any:
        """A JSON document of the artifacts bucket."""
        bucket = self.outputs["ArtifactsBucketName"]
        return json.load(self.client("s3").get_object(Bucket=bucket, Key=key)["Body"])


@pytest.fixture(scope="session")
def build() -> Path:
    """What `sam build` made."""
    if BUILD_VARIABLE not in os.environ:
        pytest.skip("made by tests/containers/run.sh: run make test-containers")
    return Path(os.environ[BUILD_VARIABLE])


@pytest.fixture(scope="session")
def training_image() -> str:
    """What `docker build training_image` made."""
    if TRAINING_IMAGE_VARIABLE not in os.environ:
        pytest.skip("made by tests/containers/run.sh: run make test-containers")
    return os.environ[TRAINING_IMAGE_VARIABLE]


@pytest.fixture(scope="session")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a tiny pretrained BERT."""
    return make_base_model(tmp_path_factory.mktemp("base") / "tiny-bert")


def _bridge_address() -> str:
    """Returns this machine's address on the engine's bridge; a new engine may not name it."""
    shown = docker("network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}")
    inspected = json.loads(shown)
    named = inspected[0].get("Gateway")
    first = next(ipaddress.ip_network(inspected[0]["Subnet"]).hosts())
    return str(named or first)


@pytest.fixture(scope="session")
def aws(training_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """Serves as the README says, where the engine's bridge meets this machine.

    Training jobs run in containers. The upload rules are off: here the invocations come from the
    tests. Audits may act, so that the functions which do are there.
    """
    command = [
        *(sys.executable, "-m", "local_aws", "serve"),
        *("--host", _bridge_address(), "--port", "0", "--training-image", training_image),
        *("--parameter", "AuditMode=act"),
    ]
    log = tmp_path_factory.mktemp("aws") / "local_aws.log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr) as server,
    ):
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert line, f"local_aws ended:\n{log.read_text()[-4000:]}"
            running = Aws(**json.loads(line))
            events = running.client("events")
            for rule in events.list_rules()["Rules"]:
                events.disable_rule(Name=rule["Name"])
            yield running
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def sam(build: Path, aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sam]:
    """SAM passes a function only the variables that the template declares for it, so the endpoint
    comes in by the image."""
    base = os.environ[IMAGE_VARIABLE]
    dockerfile = f"FROM {base}\nENV AWS_ENDPOINT_URL={aws.endpoint}\n"
    docker("build", "--quiet", "--tag", FUNCTION_IMAGE, "-", given=dockerfile)
    others = _images(LAYER_IMAGES)
    sam = Sam(
        build=build,
        image=FUNCTION_IMAGE,
        endpoint=aws.endpoint,
        environments=function_environments(aws.endpoint),
        folder=tmp_path_factory.mktemp("sam"),
    )
    with sam.serving() as sam.server:
        yield sam
    for image in [*sorted(_images(LAYER_IMAGES) - others), *sorted(_images(FUNCTION_IMAGE))]:
        _remove(image)


def _remove(image: str) -> None:
    """Removes an image; one that an image of somebody else stands on stays."""
    try:
        docker("image", "rm", "--force", image)
    except AssertionError as refused:
        if "dependent child images" not in str(refused):
            raise


def _images(name: str) -> set[str]:
    """Returns the ids of the images with a name, ``*`` allowed."""
    return set(docker("image", "ls", "--quiet", "--filter", f"reference={name}").split())
