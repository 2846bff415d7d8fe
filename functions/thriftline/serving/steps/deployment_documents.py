"""Where a deployment is written down: its document, and what the table knows of its execution."""

from collections.abc import Mapping
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import AwsRequestError
from thriftline.core.kept import UPDATE, reading
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.names import digest
from thriftline.serving.schemas.deployment import Deployment, deployment_key

_CLAIM = "deployment"
_LONG = 32


def execution_key(execution_arn: str) -> str:
    """Returns the table's key of an execution, which is no endpoint's name."""
    return f"execution#{digest(execution_arn, _LONG)}"


def token_item(token: str) -> str:
    """Returns the table's item of a token, of one endpoint."""
    return f"token#{digest(token, _LONG)}"


def deployment_item(deployment_id: str) -> str:
    """Returns the table's item of a deployment."""
    return f"deployment#{deployment_id}"


class DeploymentDocuments:
    """The documents of deployments, found by the execution that owns them."""

    def __init__(self, artifacts: Bucket, table: EndpointsTable) -> None:
        self._artifacts = artifacts
        self._table = table

    def claimed(self, execution_arn: str) -> tuple[str, str] | None:
        """Returns endpoint and deployment id of an execution, None before it has one."""
        found = self._table.get(execution_key(execution_arn), _CLAIM)
        return (found["of"], found["deployment_id"]) if found else None

    def claim(self, execution_arn: str, endpoint: str, deployment_id: str) -> str:
        """Gives an execution its deployment; returns the id that it has, from now or before."""
        values = {"of": endpoint, "deployment_id": deployment_id}
        if self._table.put_first(execution_key(execution_arn), _CLAIM, values):
            return deployment_id
        found = self.claimed(execution_arn)
        return found[1] if found else deployment_id

    def find(self, execution_arn: str) -> Deployment | None:
        """Returns the deployment of an execution, None when it has none that was opened."""
        claimed = self.claimed(execution_arn)
        return self.read(*claimed) if claimed else None

    def required(self, execution_arn: str) -> Deployment:
        """Returns the deployment of an execution.

        Raises:
            AwsRequestError: it has none; Open deployment writes it.
        """
        found = self.find(execution_arn)
        if found is None:
            raise AwsRequestError(f"{execution_arn} has no deployment; Open deployment writes it.")
        return found

    def read(self, endpoint: str, deployment_id: str) -> Deployment | None:
        """Returns a deployment's document, None when there is none."""
        key = deployment_key(endpoint, deployment_id)
        body = self._artifacts.read(key)
        with reading(self._artifacts.uri(key), UPDATE):
            return None if body is None else Deployment.model_validate_json(body)

    def write(self, deployment: Deployment) -> Deployment:
        """Writes the document, and what lists of deployments show of it."""
        self._artifacts.write_json(deployment.key, deployment.model_dump_json(indent=2))
        self._table.update(
            deployment.endpoint, deployment_item(deployment.deployment_id), **_summary(deployment)
        )
        return deployment

    def uri(self, deployment: Deployment) -> str:
        """Returns where the document lies."""
        return self._artifacts.uri(deployment.key)


def _summary(deployment: Deployment) -> Mapping[str, Any]:
    return {
        "action": deployment.action,
        "project": deployment.project,
        "requested_by": deployment.requested_by,
        "why": deployment.why,
        "execution_arn": deployment.execution_arn,
        "model_package_arn": deployment.version.model_package_arn,
        "registry_version": deployment.version.number,
        "opened_at": deployment.opened_at.isoformat(),
        "ended_at": deployment.ended_at.isoformat() if deployment.ended_at else None,
        "ending": deployment.ending,
        "reason": deployment.reason[:1_000],
    }
