"""Open experiment: is there something to compare, and is the endpoint free for it?"""

from datetime import timedelta

from pydantic import ValidationError

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.executions import Executions
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ExperimentRefusedError
from thriftline.core.text import plain
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.aws.live_variants import LiveVariants
from thriftline.serving.aws.model_packages import ModelPackage, ModelPackages
from thriftline.serving.domain.experiment_names import (
    EXPERIMENT_ID,
    experiment_id,
    token_digest,
)
from thriftline.serving.domain.experiment_variants import variant_name
from thriftline.serving.domain.experiments import Kind
from thriftline.serving.domain.kinds import Kind as ServingKind
from thriftline.serving.domain.names import endpoint_name
from thriftline.serving.domain.versions import EndpointState, EndpointVersion
from thriftline.serving.schemas.experiment import Contender, Experiment
from thriftline.serving.schemas.experiment_steps import (
    CompareRequest,
    OpenExperimentRequest,
    OpenExperimentResponse,
)
from thriftline.serving.schemas.serve_sections import CompareSection
from thriftline.serving.schemas.serve_spec import ServeSpec
from thriftline.serving.schemas.serve_yaml import NAME, ReadServeSpec, parse_serve_yaml
from thriftline.serving.steps.experiment_documents import ExperimentDocuments

# After the deadline: the last look, two updates of the endpoint, and what is written down.
_TO_END = timedelta(hours=6)


@dataclass(frozen=True)
class OpeningSite:
    """What Open experiment looks at."""

    stack: str
    data: Bucket
    table: EndpointsTable
    documents: ExperimentDocuments
    packages: ModelPackages
    variants: LiveVariants
    executions: Executions


def open_experiment(asked: OpenExperimentRequest, site: OpeningSite) -> OpenExperimentResponse:
    """Decides what becomes of a request, and opens its experiment.

    Raises:
        InvalidServeSpecError: ``serve.yaml`` cannot be used.
        ExperimentRefusedError: what is asked for cannot be compared, or not now.
    """
    request = _parsed(asked)
    if request.action == "close":
        return _close(request, site)
    if request.action == "stop":
        return _stop(request, site)
    return _Opening(asked, request, site).open()


def _parsed(asked: OpenExperimentRequest) -> CompareRequest:
    try:
        return CompareRequest.model_validate(asked.request)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {plain(one['msg'])}"
            for one in error.errors()[:5]
        )
        raise ExperimentRefusedError(f"The request cannot be read: {problems}.") from error


# ---- the end, asked for


def _close(request: CompareRequest, site: OpeningSite) -> OpenExperimentResponse:
    """What a dead execution left: the experiment goes on costing money until it is ended."""
    item = site.documents.of_execution(request.execution_arn or "")
    if item is None or item["state"] == "ended":
        return OpenExperimentResponse(
            decision="ignored",
            endpoint=None,
            experiment_id=None,
            reason="The execution left no experiment that has not ended.",
        )
    return OpenExperimentResponse(
        decision="end",
        endpoint=item["endpoint"],
        experiment_id=item["experiment_id"],
        reason=f"The execution of {item['experiment_id']} ended without ending it.",
    )


def _stop(request: CompareRequest, site: OpeningSite) -> OpenExperimentResponse:
    """The challenger gets no request any more at once; the rest is done by who runs it."""
    endpoint = request.endpoint or _only_endpoint(request, site)
    item = site.documents.running(endpoint)
    wanted = request.experiment_id
    if item is None or (wanted is not None and item["experiment_id"] != wanted):
        raise ExperimentRefusedError(
            f"{wanted or 'A comparison'} does not run on {endpoint}: there is nothing to stop."
        )
    own = item["experiment_id"]
    reason = f"{plain(request.requested_by)} stopped it: {plain(request.why, 500) or 'no reason'}"
    site.documents.ask_to_stop(endpoint, own, f"{reason}.")
    if item["kind"] == Kind.AB:
        _take_weight(endpoint, site)
    lives = site.executions.is_running(item["execution_arn"])
    return OpenExperimentResponse(
        decision="stopped" if lives else "end",
        endpoint=endpoint,
        experiment_id=own,
        reason=f"{own} ends now: {reason}.",
    )


def _take_weight(endpoint: str, site: OpeningSite) -> None:
    challenger = variant_name(Kind.AB)
    if site.variants.look(endpoint).weights.get(challenger):
        site.variants.set_weight(endpoint, challenger, 0)


def _only_endpoint(request: CompareRequest, site: OpeningSite) -> str:
    own = site.table.names(request.project or "")
    if len(own) != 1:
        found = ", ".join(sorted(own)) or "none"
        raise ExperimentRefusedError(
            f"Name an endpoint; of the project {request.project} there are: {found}."
        )
    return own[0]


# ---- a new experiment


@dataclass(frozen=True)
class _Opening:
    asked: OpenExperimentRequest
    request: CompareRequest
    site: OpeningSite

    def open(self) -> OpenExperimentResponse:
        if self.request.project is None:
            raise ExperimentRefusedError("Name the project whose models are to be compared.")
        project = self.request.project
        read = self._spec(project)
        endpoint = (
            self.request.endpoint or read.spec.endpoint or endpoint_name(self.site.stack, project)
        )
        own = self._own_id()
        known = self._opened_before(endpoint, own)
        if known is not None:
            return known
        experiment = self._experiment(own, project, endpoint, read)
        self._lock(experiment)
        self.site.documents.open(experiment)
        return self._answer("start", endpoint, own, f"Experiment {own} of {endpoint} is open.")

    def _spec(self, project: str) -> ReadServeSpec:
        text = self.site.data.read(f"datasets/{project}/{NAME}")
        overrides = {"compare": self.request.overrides} if self.request.overrides else None
        read = parse_serve_yaml(text, overrides)
        if read.spec.compare is None:
            raise ExperimentRefusedError(
                f"{NAME} of {project} says nothing of a comparison; add compare: {{kind: shadow}}, "
                "or say in the request what differs from the defaults."
            )
        if read.wish.kind is not ServingKind.REAL_TIME:
            raise ExperimentRefusedError(
                f"{NAME}: kind is {read.spec.kind}; SageMaker splits and copies traffic on "
                "real-time endpoints alone: say kind: real-time."
            )
        _refuse_measure(read.spec, read.spec.compare)
        return read

    def _own_id(self) -> str:
        name = self.asked.execution_arn.rpartition(":")[2]
        if EXPERIMENT_ID.fullmatch(name):
            return name
        return experiment_id(self.request.token, self.asked.begun)

    def _opened_before(self, endpoint: str, own: str) -> OpenExperimentResponse | None:
        for item in self.site.documents.items(endpoint):
            if not str(item["experiment_id"]).endswith(token_digest(self.request.token)):
                continue
            if item["execution_arn"] == self.asked.execution_arn:
                return self._answer("start", endpoint, own, "It was opened before.")
            other = item["experiment_id"]
            reason = f"This request was opened as {other}."
            return self._answer("duplicate", endpoint, other, reason)
        return None

    def _experiment(self, own: str, project: str, endpoint: str, read: ReadServeSpec) -> Experiment:
        compare = read.spec.compare or CompareSection()
        champion = self._in_use(project, endpoint)
        package = self._package(project, compare)
        if package.arn == champion.model_package_arn:
            raise ExperimentRefusedError(
                f"Version {package.number} of {project} serves on {endpoint} already; name another."
            )
        now = self.asked.now
        return Experiment(
            experiment_id=own,
            endpoint=endpoint,
            project=project,
            kind=compare.kind,
            measure="accuracy" if compare.kind == "shadow" else compare.measure,
            weight=compare.weight_percent / 100,
            alpha=float(compare.alpha),
            power=float(compare.power),
            least_difference=float(compare.least_difference),
            then=compare.then,
            requested_by=plain(self.request.requested_by),
            why=plain(self.request.why, 1_000),
            token=self.request.token,
            execution_arn=self.asked.execution_arn,
            opened_at=now,
            deadline=now + timedelta(hours=compare.deadline_hours),
            spec=read.spec.model_dump(mode="json"),
            named=tuple(sorted(read.wish.named)),
            champion=Contender(
                model_package_arn=champion.model_package_arn,
                number=champion.registry_version,
                image=champion.image,
                artifact_uri=champion.artifact_uri,
            ),
            challenger=Contender(
                model_package_arn=package.arn,
                number=package.number,
                image=package.image or "",
                artifact_uri=package.artifact_uri,
            ),
        )

    def _in_use(self, project: str, endpoint: str) -> EndpointVersion:
        state = self.site.table.state(endpoint)
        if state is None or state.in_use is None:
            raise ExperimentRefusedError(
                f"{endpoint} serves nothing yet: deploy a version of {project} first."
            )
        if state.project != project:
            raise ExperimentRefusedError(
                f"{endpoint} serves the project {state.project}, not {project}."
            )
        if state.asleep:
            raise ExperimentRefusedError(f"{endpoint} sleeps by its schedule; wake it first.")
        version = self.site.table.version(endpoint, state.in_use)
        if version is None:
            raise ExperimentRefusedError(
                f"Which version serves on {endpoint} is not known: deploy one again first."
            )
        return version

    def _package(self, project: str, compare: CompareSection) -> ModelPackage:
        number = self.request.registry_version
        arn = self.request.model_package_arn or (
            self.site.packages.newest_approved(project)
            if number is None
            else self.site.packages.numbered(project, number)
        )
        package = None if arn is None else self.site.packages.read(arn)
        if package is None:
            what = "approved version" if number is None else f"version {number}"
            missing = plain(arn) if arn else f"{what} of {project}"
            raise ExperimentRefusedError(f"The model registry has no {missing}.")
        if package.project not in (None, project):
            raise ExperimentRefusedError(
                f"{package.arn} is of the project {package.project}, not of {project}."
            )
        if package.status != "Completed" or package.image is None or package.trainer == "bedrock":
            raise ExperimentRefusedError(
                f"Version {package.number} of {project} cannot be served by SageMaker."
            )
        answers_people = compare.kind == "ab" or compare.then == "promote"
        if package.approval == "Rejected" or (answers_people and package.approval != "Approved"):
            raise ExperimentRefusedError(
                f"Version {package.number} of {project} is {package.approval} in the model "
                "registry. Approve it first; a shadow that only reports needs no approval."
            )
        return package

    def _lock(self, experiment: Experiment) -> None:
        """Nobody deploys while it runs: the endpoint is the experiment's until it has ended."""
        known = self.site.table.state(experiment.endpoint)
        wanted = EndpointState(
            endpoint=experiment.endpoint,
            project=experiment.project,
            kind=known.kind if known else ServingKind.REAL_TIME,
            lock_owner=experiment.experiment_id,
            lock_until=experiment.deadline + _TO_END,
        )
        if self.site.table.lock(wanted, self.asked.now):
            return
        state = self.site.table.state(experiment.endpoint)
        owner = (state.lock_owner if state else None) or "another"
        what = "an experiment" if EXPERIMENT_ID.fullmatch(owner) else "a deployment"
        raise ExperimentRefusedError(
            f"{owner}, {what}, has the endpoint {experiment.endpoint} now. Wait for its end, or "
            "stop it, and ask again."
        )

    def _answer(
        self, decision: str, endpoint: str, own: str, reason: str
    ) -> OpenExperimentResponse:
        return OpenExperimentResponse.model_validate(
            {
                "decision": decision,
                "endpoint": endpoint,
                "experiment_id": own,
                "reason": reason,
            }
        )


def _refuse_measure(spec: ServeSpec, compare: CompareSection) -> None:
    if compare.kind == "ab" and compare.weight_percent == 100:
        raise ExperimentRefusedError(
            "compare.weight_percent is 100; an A/B test needs requests on both: say at most 99."
        )
    needs_answers = compare.kind == "shadow" or compare.measure == "accuracy"
    if needs_answers and not spec.capture.percent:
        raise ExperimentRefusedError(
            "compare needs what was asked and answered, and capture.percent is 0: say how much of "
            "it may be kept (capture: {percent: 100}), or compare: {kind: ab, measure: errors}."
        )
