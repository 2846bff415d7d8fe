"""Prints what `sam local invoke --env-vars` needs: each function's environment as deployed.

    .venv/bin/python tests/containers/env_vars.py ENDPOINT > env_vars.json

SAM cannot resolve what a template takes from other resources; a deployed stack has resolved it.
"""

import json
import sys
from typing import Any

import boto3

REGION = "us-east-1"
STACK = "thriftline"


def client(service: str, endpoint: str) -> Any:
    """A client of the embedded AWS, which takes any credentials."""
    session = boto3.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION
    )
    return session.client(service, endpoint_url=endpoint)


def function_environments(endpoint: str, stack: str = STACK) -> dict[str, dict[str, str]]:
    """Returns the environment variables of each function of the stack, by logical id."""
    functions = client("lambda", endpoint)
    pages = client("cloudformation", endpoint).get_paginator("list_stack_resources")
    return {
        resource["LogicalResourceId"]: functions.get_function_configuration(
            FunctionName=resource["PhysicalResourceId"]
        )["Environment"]["Variables"]
        for page in pages.paginate(StackName=stack)
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }


if __name__ == "__main__":
    print(json.dumps(function_environments(*sys.argv[1:]), indent=2))  # noqa: T201
