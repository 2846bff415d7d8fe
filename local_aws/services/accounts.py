"""Who may become whom, and where: STS's AssumeRole and EC2's DescribeRegions."""

import boto3

from local_aws.http.own_calls import AwsError, LeftToMotoError, Operation, Request

_REGIONS_OF = "sagemaker"


class Accounts:
    """The accounts that exist here; roles of any other cannot be assumed."""

    def __init__(self, home: str) -> None:
        self.known = {home}
        # Accounts whose roles cannot be assumed, each with the error that says so.
        self.refusals: dict[str, str] = {}

    def sts_operations(self) -> dict[str, Operation]:
        """Return STS's calls by name."""
        return {"AssumeRole": self._assume_role}

    def ec2_operations(self) -> dict[str, Operation]:
        """Return EC2's calls by name."""
        return {"DescribeRegions": _describe_regions}

    def _assume_role(self, request: Request) -> None:
        arn = request["RoleArn"]
        parts = arn.split(":")
        account = parts[4] if len(parts) == 6 else ""
        if account not in self.known or account in self.refusals:
            raise AwsError(
                self.refusals.get(account, "AccessDenied"),
                f"User: arn:aws:iam::{request.account}:root is not authorized to perform: "
                f"sts:AssumeRole on resource: {arn}",
                403,
            )
        raise LeftToMotoError


def _describe_regions(request: Request) -> dict[str, object]:
    wanted = request.get("RegionNames")
    names = boto3.Session(region_name="us-east-1").get_available_regions(_REGIONS_OF)
    return {
        "Regions": [
            {
                "RegionName": name,
                "Endpoint": f"ec2.{name}.amazonaws.com",
                "OptInStatus": "opt-in-not-required",
            }
            for name in sorted(names)
            if wanted is None or name in wanted
        ]
    }
