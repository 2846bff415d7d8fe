"""A service role as Bedrock sees it."""

from local_aws.iam.service_roles import ServiceRole as _ServiceRole

_SERVICE = "bedrock.amazonaws.com"


class ServiceRole(_ServiceRole):
    """A role that Bedrock is given."""

    def trusts_bedrock(self, source_arn: str) -> bool:
        """Whether Bedrock may assume the role for the resource of `source_arn`."""
        return self.trusts(_SERVICE, source_arn)
