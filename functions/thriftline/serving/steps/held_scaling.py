"""Scaling that stands in the way of an update: set aside before it, put back when it has ended.

SageMaker fails an update that changes the instance type of a scaled variant. What was registered is
first kept in the deployment's document, so that it comes back whatever becomes of the update.
"""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.endpoints.scaling import deregister, put_back_targets, read_targets
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import Retry, ThriftlineError
from thriftline.serving.domain.kinds import Kind
from thriftline.serving.domain.scaling import scaled_resource
from thriftline.serving.schemas.deployment import Deployment
from thriftline.serving.steps.deployment_documents import DeploymentDocuments


@dataclass(frozen=True)
class ScalingHold:
    """Where scaling is set aside and put back."""

    documents: DeploymentDocuments
    clients: TargetClients
    artifacts: Bucket

    @property
    def _executor(self) -> Executor:
        return Executor(self.clients, self.artifacts)

    def set_aside(self, deployment: Deployment) -> Deployment:
        """Keeps what is registered in the document, then deregisters it; asked again it goes on.

        Raises:
            ThriftlineError: it could not be read or taken away; what was kept comes back later.
        """
        if not deployment.moves_scaled_variant:
            return deployment
        if not deployment.held_scaling:
            resource, _ = scaled_resource(Kind(deployment.kind), deployment.endpoint)
            targets = read_targets(self.clients, [resource])
            deployment = self.documents.write(
                deployment.model_copy(update={"held_scaling": targets})
            )
        for target in deployment.held_scaling:
            deregister(self._executor, target)
        return deployment

    def put_back(self, deployment: Deployment, now: datetime) -> Deployment:
        """Registers again what was set aside, and forgets it; a note says what was refused.

        Raises:
            ThriftlineError: it could not be put back now; asking again goes on from there.
        """
        if not deployment.held_scaling:
            return deployment
        changes: dict[str, object] = {"held_scaling": ()}
        try:
            put_back_targets(self._executor, self.clients, deployment.held_scaling, now)
        except ThriftlineError as error:
            if error.retry is not Retry.NEVER:
                raise
            note = (
                f"The scaling that was set aside was not put back ({type(error).__name__}): {error}"
                " It stands in held_scaling of this document."
            )
            if note in deployment.notes:
                return deployment
            changes = {"notes": (*deployment.notes, note)}
        return self.documents.write(deployment.model_copy(update=changes))
