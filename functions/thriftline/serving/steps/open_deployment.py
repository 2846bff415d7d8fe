"""Opens a deployment: what is asked for, of which version, on which endpoint, and whose turn it is.

Nothing is changed here but the table. The same token finds the same deployment, and one endpoint
has one deployment at a time.
"""

from datetime import datetime, timedelta

from pydantic import ValidationError

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.executions import Executions
from thriftline.core.dataclass import dataclass
from thriftline.core.deployment_ids import DEPLOYMENT_ID, deployment_id
from thriftline.core.errors import (
    DeploymentInProgressError,
    DeploymentRefusedError,
    NothingToRollBackToError,
)
from thriftline.core.text import plain
from thriftline.serving.aws.deployment_alarms import DeploymentAlarms
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.aws.model_packages import ModelPackage, ModelPackages
from thriftline.serving.domain.names import digest, endpoint_name
from thriftline.serving.domain.rollback import NoRollback, version_to_return_to
from thriftline.serving.domain.rollout import MOST_LIMIT_SECONDS
from thriftline.serving.domain.versions import EndpointState
from thriftline.serving.schemas.deployment import Deployment, ModelVersionFacts
from thriftline.serving.schemas.serve_spec import ServeSpec
from thriftline.serving.schemas.serve_yaml import NAME, ReadServeSpec, parse_serve_yaml
from thriftline.serving.schemas.steps.opening import OpenDeploymentRequest, OpenDeploymentResponse
from thriftline.serving.schemas.steps.requests import DeployRequest
from thriftline.serving.steps.deployment_documents import DeploymentDocuments, token_item
from thriftline.serving.steps.schedule_items import read_schedule

# Longer than SageMaker lets a deployment take, with the steps around it.
_LOCKED = timedelta(seconds=MOST_LIMIT_SECONDS) + timedelta(hours=2)
_WAIT_FOR_THE_OTHER = 15
BEDROCK = "bedrock"


@dataclass(frozen=True)
class OpeningSite:
    """What Open deployment looks at."""

    stack: str
    data: Bucket
    table: EndpointsTable
    documents: DeploymentDocuments
    packages: ModelPackages
    alarms: DeploymentAlarms
    executions: Executions


class _Ignored(Exception):
    """Nobody asked for a deployment; the message says why there is none."""


def open_deployment(
    asked: OpenDeploymentRequest, site: OpeningSite, *, now: datetime
) -> OpenDeploymentResponse:
    """Decides what becomes of a request, and opens its deployment.

    Raises:
        InvalidServeSpecError: ``serve.yaml`` cannot be used.
        DeploymentRefusedError: what is asked for cannot be deployed.
        DeploymentInProgressError: another deployment has the endpoint.
        NothingToRollBackToError: a rollback has no version to go to.
    """
    request = _parsed(asked)
    try:
        wanted = _wanted(request, site)
    except _Ignored as reason:
        return OpenDeploymentResponse(
            decision="ignored", deployment_id=None, endpoint=None, reason=str(reason)
        )
    return _Opening(asked, request, wanted, site, now).open()


def planned_deployment(
    asked: OpenDeploymentRequest, site: OpeningSite, *, now: datetime
) -> Deployment:
    """Returns the deployment that a request would open. Nothing is written and nobody waits."""
    request = _parsed(asked)
    opening = _Opening(asked, request, _wanted(request, site), site, now)
    opening.refuse_while_asleep()
    return opening.document(deployment_id(request.token, now))


def refusal_in_progress(planned: Deployment, site: OpeningSite, *, now: datetime) -> str | None:
    """Returns why a deployment would have to wait for another one's end, None where it would not.

    A rollback stops a deployment that is under way.
    """
    state = site.table.state(planned.endpoint)
    owner = state.lock_owner if state else None
    if state is None or owner is None or not state.is_locked_by_another(planned.deployment_id, now):
        return None
    other = site.documents.read(planned.endpoint, owner)
    if other is not None and not site.executions.is_running(other.execution_arn):
        return None
    if planned.action == "rollback" and other is not None and other.action == "deploy":
        return None
    return _in_progress(owner, state)


def _in_progress(owner: str, state: EndpointState) -> str:
    until = f" until {state.lock_until:%Y-%m-%d %H:%M} UTC" if state.lock_until else ""
    return (
        f"{owner} has the endpoint {state.endpoint}, at the most{until}. Wait for its end, or stop "
        "it (abort), and ask again."
    )


def _wanted(request: DeployRequest, site: OpeningSite) -> "_Wanted":
    return _rollback(request, site) if request.action == "rollback" else _deploy(request, site)


def _parsed(asked: OpenDeploymentRequest) -> DeployRequest:
    try:
        return DeployRequest.model_validate(asked.request)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {plain(one['msg'])}"
            for one in error.errors()[:5]
        )
        raise DeploymentRefusedError(f"The request cannot be read: {problems}.") from error


@dataclass(frozen=True)
class _Wanted:
    """What a request comes to. ``to_version`` is an entry of the history, for a rollback."""

    project: str
    endpoint: str
    kind: str
    version: ModelVersionFacts
    read: ReadServeSpec | None = None
    to_version: int | None = None


def _deploy(request: DeployRequest, site: OpeningSite) -> _Wanted:
    package = _package(request, site)
    project = _project(request, package, site)
    text = site.data.read(f"datasets/{project}/{NAME}")
    by_itself = request.source == "approval"
    if by_itself and text is None:
        raise _Ignored(f"{project} has no {NAME}; nothing is deployed by itself.")
    read = parse_serve_yaml(text, request.overrides)
    if by_itself and not read.spec.on_approval:
        raise _Ignored(f"{NAME} of {project} does not say on_approval: true.")
    _refuse_unservable(package, project, by_itself=by_itself)
    endpoint = request.endpoint or read.spec.endpoint or endpoint_name(site.stack, project)
    _refuse_anothers(endpoint, project, site)
    version = ModelVersionFacts(
        model_package_arn=package.arn,
        number=package.number,
        image=package.image or "",
        artifact_uri=package.artifact_uri,
        run_id=package.run_id,
    )
    return _Wanted(project, endpoint, read.spec.kind, version, read)


def _package(request: DeployRequest, site: OpeningSite) -> ModelPackage:
    arn = request.model_package_arn
    if arn is None and request.project is not None and request.registry_version is not None:
        arn = site.packages.numbered(request.project, request.registry_version)
        if arn is None:
            raise DeploymentRefusedError(
                f"The model registry has no version {request.registry_version} of "
                f"{request.project}."
            )
    if arn is None and request.project is not None:
        arn = site.packages.newest_approved(request.project)
    if arn is None:
        raise DeploymentRefusedError(
            f"{request.project} has no approved version in the model registry; approve one, or "
            "train one that its gate approves."
            if request.project
            else "Name a project or a model package: neither was given."
        )
    package = site.packages.read(arn)
    if package is None:
        raise DeploymentRefusedError(f"The model registry has no {plain(arn)}.")
    return package


def _project(request: DeployRequest, package: ModelPackage, site: OpeningSite) -> str:
    prefix = site.packages.group_of("")
    if not package.group.lower().startswith(prefix.lower()):
        problem = f"{package.arn} is no version of this stack, whose groups begin with {prefix}."
        if request.source == "approval":
            raise _Ignored(problem)
        raise DeploymentRefusedError(problem)
    project = package.project or package.group[len(prefix) :]
    if request.project is not None and request.project != project:
        raise DeploymentRefusedError(
            f"{package.arn} is of the project {project}, not of {request.project}."
        )
    return project


def _refuse_unservable(package: ModelPackage, project: str, *, by_itself: bool) -> None:
    if package.trainer == BEDROCK or package.image is None:
        problem = (
            f"Version {package.number} of {project} was trained by Bedrock, which also serves it: "
            "its deployment is promoted by Bedrock's own way (bedrock.deploy in run.yaml), not by "
            "a SageMaker endpoint."
        )
        if by_itself:
            raise _Ignored(problem)
        raise DeploymentRefusedError(problem)
    if package.approval != "Approved":
        raise DeploymentRefusedError(
            f"Version {package.number} of {project} is {package.approval} in the model registry; "
            "approve it there first."
        )
    if package.status != "Completed":
        raise DeploymentRefusedError(
            f"Version {package.number} of {project} is {package.status} in the model registry and "
            "cannot be served."
        )


def _refuse_anothers(endpoint: str, project: str, site: OpeningSite) -> None:
    state = site.table.state(endpoint)
    if state is not None and state.project and state.project != project:
        raise DeploymentRefusedError(
            f"The endpoint {endpoint} serves the project {state.project}; name another one in "
            f"{NAME} of {project}."
        )


def _rollback(request: DeployRequest, site: OpeningSite) -> _Wanted:
    """A broken ``serve.yaml`` must not hold up a rollback: it is not read."""
    endpoint = request.endpoint or _only_endpoint(request, site)
    state = site.table.state(endpoint)
    found = version_to_return_to(state, site.table.versions(endpoint), request.to_version)
    if isinstance(found, NoRollback):
        raise NothingToRollBackToError(f"{endpoint}: {found.reason}")
    version = ModelVersionFacts(
        model_package_arn=found.model_package_arn,
        number=found.registry_version,
        image=found.image,
        artifact_uri=found.artifact_uri,
    )
    project = (state.project if state else None) or request.project or ""
    return _Wanted(project, endpoint, found.kind, version, to_version=found.number)


def _only_endpoint(request: DeployRequest, site: OpeningSite) -> str:
    if request.project is None:
        raise DeploymentRefusedError("Name a project or an endpoint: neither was given.")
    own = site.table.names(request.project)
    if len(own) == 1:
        return own[0]
    if not own:
        raise NothingToRollBackToError(f"{request.project} has no endpoint that is known here.")
    raise DeploymentRefusedError(
        f"{request.project} has several endpoints; name one of {', '.join(sorted(own))}."
    )


@dataclass(frozen=True)
class _Opening:
    """One request on its way to a deployment of its own."""

    asked: OpenDeploymentRequest
    request: DeployRequest
    wanted: _Wanted
    site: OpeningSite
    now: datetime

    def open(self) -> OpenDeploymentResponse:
        """Takes the endpoint, unless it is another's, and writes the deployment down."""
        self.refuse_while_asleep()
        own = self._own_id()
        taken = self.site.table.get(self.wanted.endpoint, token_item(self.request.token))
        if taken is not None and taken["execution_arn"] != self.asked.execution_arn:
            return self._answer(
                "duplicate", taken["deployment_id"], "This request was opened before."
            )
        waited = self._ended_by_waiting()
        if waited is not None:
            return waited
        if not self._lock(own):
            return self._taken_by_another(own)
        self.site.table.put_first(
            self.wanted.endpoint,
            token_item(self.request.token),
            {"deployment_id": own, "execution_arn": self.asked.execution_arn},
        )
        if self.site.documents.read(self.wanted.endpoint, own) is None:
            self.site.documents.write(self.document(own))
        return self._answer("open", own, f"Deployment {own} of {self.wanted.endpoint} is open.")

    def refuse_while_asleep(self) -> None:
        """What sleeps is saved as it was and comes back so: a change now would be lost, or wake it.

        Raises:
            DeploymentRefusedError: the endpoint sleeps by its schedule.
        """
        state = self.site.table.state(self.wanted.endpoint)
        if state is None or not state.asleep:
            return
        schedule = read_schedule(self.site.table, self.wanted.endpoint)
        hours = schedule.hours if schedule else None
        until = f" ({hours.on.text}, {hours.timezone})" if hours else ""
        raise DeploymentRefusedError(
            f"The endpoint {self.wanted.endpoint} sleeps by its schedule and there is nothing to "
            f"roll out onto. Nothing was changed. Ask again when it is awake{until}, or take its "
            "schedule away, which wakes it, and ask then."
        )

    def _lock(self, own: str) -> bool:
        """Takes the endpoint; one whose execution has ended is nobody's any more."""
        table, endpoint = self.site.table, self.wanted.endpoint
        if table.lock(self._state(own), self.now):
            return True
        state = table.state(endpoint)
        owner = state.lock_owner if state else None
        other = self.site.documents.read(endpoint, owner) if owner else None
        if owner is None or other is None or self.site.executions.is_running(other.execution_arn):
            return False
        table.unlock(endpoint, owner)
        return table.lock(self._state(own), self.now)

    def _own_id(self) -> str:
        name = self.asked.execution_arn.rpartition(":")[2]
        fresh = (
            name if DEPLOYMENT_ID.fullmatch(name) else deployment_id(self.request.token, self.now)
        )
        return self.site.documents.claim(self.asked.execution_arn, self.wanted.endpoint, fresh)

    def _state(self, own: str) -> EndpointState:
        known = self.site.table.state(self.wanted.endpoint)
        return EndpointState(
            endpoint=self.wanted.endpoint,
            project=self.wanted.project,
            # Of the version in use, until another one is.
            kind=known.kind if known and known.kind else self.wanted.kind,
            lock_owner=own,
            lock_until=self.now + _LOCKED,
        )

    def _taken_by_another(self, own: str) -> OpenDeploymentResponse:
        state = self.site.table.state(self.wanted.endpoint)
        owner = (state.lock_owner if state else None) or "another"
        if owner.endswith(f"-{digest(self.request.token)}"):
            return self._answer("duplicate", owner, "This request is being opened already.")
        other = self.site.documents.read(self.wanted.endpoint, owner)
        if self.request.source == "approval" and other is not None and self._is_same(other):
            return self._answer("duplicate", owner, f"{owner} deploys this version already.")
        if self.request.action == "rollback" and other is not None and other.action == "deploy":
            self.site.alarms.abort(self.wanted.endpoint, owner, self.now)
            return OpenDeploymentResponse(
                decision="wait",
                deployment_id=own,
                endpoint=self.wanted.endpoint,
                reason=f"{owner} is under way and was asked to stop; its end is waited for.",
                waited_for=owner,
                wait_seconds=_WAIT_FOR_THE_OTHER,
            )
        raise DeploymentInProgressError(_in_progress(owner, state or self._state(owner)))

    def _is_same(self, other: Deployment) -> bool:
        return other.version.model_package_arn == self.wanted.version.model_package_arn

    def _ended_by_waiting(self) -> OpenDeploymentResponse | None:
        """The deployment that was stopped for this rollback may be all that had to be undone."""
        if self.asked.waited_for is None:
            return None
        other = self.site.documents.read(self.wanted.endpoint, self.asked.waited_for)
        undone = other is not None and other.ending is not None and other.ending != "deployed"
        if not undone or other is None or _serves_the_new(other):
            return None
        reason = f"{other.deployment_id} was stopped: {other.reason}"
        return self._answer("ended", other.deployment_id, reason)

    def document(self, own: str) -> Deployment:
        """Returns the deployment as it begins."""
        read = self.wanted.read
        return Deployment(
            deployment_id=own,
            endpoint=self.wanted.endpoint,
            project=self.wanted.project,
            action=self.request.action,
            kind=self.wanted.kind,
            requested_by=plain(self.request.requested_by),
            why=plain(self.request.why, 1_000),
            token=self.request.token,
            execution_arn=self.asked.execution_arn,
            opened_at=self.now,
            spec=(read.spec if read else ServeSpec()).model_dump(mode="json"),
            named=tuple(sorted(read.wish.named)) if read else (),
            version=self.wanted.version,
            to_version=self.wanted.to_version,
        )

    def _answer(self, decision: str, own: str, reason: str) -> OpenDeploymentResponse:
        return OpenDeploymentResponse.model_validate(
            {
                "decision": decision,
                "deployment_id": own,
                "endpoint": self.wanted.endpoint,
                "reason": reason,
            }
        )


def _serves_the_new(other: Deployment) -> bool:
    """Whether what a stopped deployment brought serves all the same."""
    return other.in_use is not None and (
        other.former is None or other.in_use != other.former.number
    )
