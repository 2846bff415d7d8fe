"""The roles of steps that a test calls itself, which signs with the names of their functions.

No stack is deployed around them. The statements are the template's, as if all features were on and
the bucket for artifacts were the test's own.
"""

from collections.abc import Iterator, Mapping

from local_aws.server import EmbeddedAws
from tests.integration.roles.deployed import Statement
from tests.integration.roles.rights import each_of, functions
from tests.virtual_time.permissions import Names

ARTIFACTS = "acting-artifacts"
# Between the names of functions that may each do the same.
AND = "+"


def key_of(*functions: str) -> str:
    """Returns the access key of a step that runs in any of these functions."""
    return AND.join(functions)


def signed_roles(aws: EmbeddedAws) -> Mapping[str, tuple[Statement, ...]]:
    """Returns the statements of every function's role by its logical id."""
    options = aws.options
    values = {
        "AWS::AccountId": options.account,
        "AWS::Partition": "aws",
        "AWS::Region": options.region,
        "AWS::StackName": options.stack_name,
        # A stack names roles that it may give again; an account file gives all models this one.
        "RestorableRoleArns": [f"arn:aws:iam::{options.account}:role/not-in-the-account-file"],
    }
    names = Names(values, {"ArtifactsBucket": (ARTIFACTS, f"arn:aws:s3:::{ARTIFACTS}")})
    return {name: tuple(_statements(name, names)) for name in functions()}


def _statements(function: str, names: Names) -> Iterator[Statement]:
    for written in functions()[function]:
        document = names.filled(written.document)
        resources = (names.filled(one) for one in each_of(written.document["Resource"]))
        yield Statement(written, document, tuple(resources))
