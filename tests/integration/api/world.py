"""The API of the whole application on the embedded AWS, and who calls it."""

import json
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from botocore.credentials import Credentials

from local_aws.server import EmbeddedAws
from tests.integration.local_aws.signed_calls import SignedCalls, credentials_of
from tests.integration.workflow.test_approval import Waiting
from tests.integration.workflow.world import World

# The one project that has members; every other is everybody's who may call.
CLOSED = "closed"
MEMBERS = {
    CLOSED: [
        "arn:aws:sts::*:assumed-role/Readers/*",
        "arn:aws:sts::*:assumed-role/Operators/*",
        "arn:aws:iam::*:root",
    ]
}
PARAMETERS = {"Trainers": "sagemaker", "ProjectMembers": json.dumps(MEMBERS)}
_TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
_QUIET_LOOKS = 4
_MOST_LOOKS = 200
# The roles of the table of permissions, by the output that has the ARN of their policy.
_ROLES = {
    "Readers": "ApiReadPolicyArn",
    "Operators": "ApiOperatePolicyArn",
    "Strangers": "ApiOperatePolicyArn",
}


class ApiWorld:
    """The application, and its API by the hands of several callers."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.world = World(aws)
        api_id = aws.outputs["ApiUrl"].removeprefix("https://").partition(".")[0]
        self.base = f"{aws.endpoint}/_aws/execute-api/{api_id}/v1"
        iam = aws.client("iam")
        for role, output in _ROLES.items():
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=_TRUST)
            iam.attach_role_policy(RoleName=role, PolicyArn=aws.outputs[output])

    def by(self, keys: Credentials | None) -> SignedCalls:
        return SignedCalls(self.base, self.aws.region, keys)

    def session(self, role: str, name: str = "ann") -> SignedCalls:
        """Return the calls of a person who has taken a role."""
        answer = self.aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::123456789012:role/{role}", RoleSessionName=name
        )
        return self.by(credentials_of(answer["Credentials"]))

    @cached_property
    def root(self) -> SignedCalls:
        """The account's own keys."""
        return self.by(Credentials("test", "test"))

    @cached_property
    def callers(self) -> Mapping[str, SignedCalls]:
        """The columns of the table of permissions."""
        return {
            "unsigned": self.by(None),
            "wrong_secret": self.by(Credentials("test", "not the secret")),
            "read": self.session("Readers"),
            "operate": self.session("Operators"),
            "foreign": self.session("Strangers"),
        }

    def waiting(self, project: str) -> Waiting:
        """Return a run that waits for a person's yes."""
        return Waiting(self.world, project)

    def quiet_state(self) -> dict[str, Any]:
        """Return the state once nothing changes it any longer, such as a run on its way."""
        looks = [self.state()]
        while len(looks) < _QUIET_LOOKS or any(each != looks[-1] for each in looks[-_QUIET_LOOKS:]):
            assert len(looks) < _MOST_LOOKS, "it does not come to rest"
            time.sleep(0.3)
            looks.append(self.state())
        return looks[-1]

    def state(self) -> dict[str, Any]:
        """Return all that the application keeps: items of tables, versions in buckets, runs."""
        return {
            "items": self._items(),
            "objects": self._objects(),
            "executions": self._executions(),
        }

    def _items(self) -> dict[str, list[str]]:
        dynamodb = self.aws.client("dynamodb")
        found = {}
        for table in dynamodb.list_tables()["TableNames"]:
            pages = dynamodb.get_paginator("scan").paginate(TableName=table)
            items = [repr(sorted(item.items())) for page in pages for item in page["Items"]]
            found[table] = sorted(items)
        return found

    def _objects(self) -> list[tuple[str, str, str, bool]]:
        s3 = self.aws.client("s3")
        found = []
        for bucket in (each["Name"] for each in s3.list_buckets()["Buckets"]):
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for kind in ("Versions", "DeleteMarkers"):
                    found += [
                        (bucket, each["Key"], each["VersionId"], each["IsLatest"])
                        for each in page.get(kind, [])
                    ]
        return sorted(found)

    def _executions(self) -> list[tuple[str, str]]:
        states = self.aws.client("stepfunctions")
        return sorted(
            (each["executionArn"], each["status"])
            for machine in states.list_state_machines()["stateMachines"]
            for page in states.get_paginator("list_executions").paginate(
                stateMachineArn=machine["stateMachineArn"]
            )
            for each in page["executions"]
        )
