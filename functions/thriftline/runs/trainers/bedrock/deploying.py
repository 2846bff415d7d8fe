"""Makes the deployments on which an attempt is evaluated, and takes them away again."""

from datetime import datetime, timedelta

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import EvaluationError, ThriftlineError
from thriftline.core.tags import PROJECT_TAG, RUN_ID_TAG
from thriftline.core.wording import ended
from thriftline.runs.domain.endings import Ending
from thriftline.runs.trainers.bedrock.attempt_document import (
    CHAMPION,
    AttemptDocument,
    ChampionFacts,
    Serving,
)
from thriftline.runs.trainers.bedrock.deployments import Deployment
from thriftline.runs.trainers.bedrock.layout import AttemptLayout
from thriftline.runs.trainers.bedrock.names import client_token, evaluation_deployment_name
from thriftline.runs.trainers.bedrock.services import BedrockServices, passes

ATTEMPT_TAG, PURPOSE_TAG = "thriftline:attempt", "thriftline:purpose"
# A deployment that fails is made once more, under a name of its own.
_OWN = ("own", "own2")
_OWNERS = (*_OWN, CHAMPION)
_LIMIT = timedelta(hours=1)
# Bedrock may show what it has just made a little later; after this, somebody has deleted it.
_UNSEEN = timedelta(minutes=5)


@dataclass(frozen=True)
class EvaluationDeployments:
    """The deployments of attempts that exist only while they are evaluated."""

    services: BedrockServices
    tags: dict[str, str]

    def deploy(self, document: AttemptDocument) -> AttemptDocument:
        """Does what the phase needs next; the attempt is asked once its deployments are active."""
        now = self.services.now()
        try:
            document = self._deployed(document, now)
        except ThriftlineError as error:
            if not passes(error):
                return document.ending_as(
                    Ending.UNKNOWN_FAILURE,
                    f"The model was trained, but it could not be deployed: {ended(str(error))}",
                    now,
                )
            document = document.model_copy(update={"last_trouble": str(error)})
        if document.phase != "deploying" or now < document.phase_since + _LIMIT:
            return document
        last = document.last_trouble or "its status was still Creating"
        return document.ending_as(
            Ending.UNKNOWN_FAILURE,
            "The model was trained, but its deployment was not active within an hour: "
            f"{ended(last)}",
            now,
        )

    def remove(self, attempt: str) -> tuple[str, ...]:
        """Deletes an attempt's deployments, and returns those that are still there."""
        for name in self.left(attempt):
            self.services.deployments().delete(name)
        return self.left(attempt)

    def left(self, attempt: str) -> tuple[str, ...]:
        """Returns the names of an attempt's deployments that exist."""
        names = [evaluation_deployment_name(attempt, owner) for owner in _OWNERS]
        return tuple(name for name in names if self.services.deployments().find(name) is not None)

    def _deployed(self, document: AttemptDocument, now: datetime) -> AttemptDocument:
        owner = _OWN[document.deployment_tries]
        found = self._found_or_made(document, owner, document.model_arn, document.deployment_arn)
        if isinstance(found, str):
            return document.model_copy(update={"deployment_arn": found})
        if found is None:
            name = evaluation_deployment_name(document.name, owner)
            return self._missing(document, f"Bedrock does not show the deployment {name}", now)
        document = document.model_copy(update={"deployment_missing_since": None})
        if found.status not in {"Active", "Failed"}:
            return document
        document = document.model_copy(update={"deployment_arn": found.arn})
        if found.status == "Active":
            return self._with_champion(document, now)
        self.services.deployments().delete(found.name)
        return _tried_again(document, found.failure_message or "it gave no reason", now)

    def _missing(self, document: AttemptDocument, trouble: str, now: datetime) -> AttemptDocument:
        since = document.deployment_missing_since or now
        if now < since + _UNSEEN:
            update = {"last_trouble": trouble, "deployment_missing_since": since}
            return document.model_copy(update=update)
        return _tried_again(document, trouble, now)

    def _found_or_made(
        self, document: AttemptDocument, owner: str, model_arn: str | None, known: str | None
    ) -> Deployment | str | None:
        """Returns the deployment, the ARN of one that is asked for now, None for one not yet seen.

        It is looked for by its name: a reply that was lost has left no ARN.
        """
        name = evaluation_deployment_name(document.name, owner)
        found = self.services.deployments().find(name)
        if found is not None or known is not None or model_arn is None:
            return found
        token = client_token(document.run_id, document.name, f"deployment {owner}")
        return self.services.deployments().create(name, model_arn, self._tags(document), token)

    def _tags(self, document: AttemptDocument) -> dict[str, str]:
        return {
            **self.tags,
            PROJECT_TAG: document.project,
            RUN_ID_TAG: document.run_id,
            ATTEMPT_TAG: document.name,
            PURPOSE_TAG: "evaluation",
        }

    def _with_champion(self, document: AttemptDocument, now: datetime) -> AttemptDocument:
        champion = document.champion
        if champion is None or CHAMPION in document.skipped:
            return document.at("asking", now)
        try:
            champion = self._champion(document, champion)
        except ThriftlineError as error:
            if passes(error) and now < document.phase_since + _LIMIT:
                raise
            return document.skipping(CHAMPION, str(error)).at("asking", now)
        document = document.model_copy(update={"champion": champion})
        if champion.is_active:
            return document.at("asking", now)
        if now < document.phase_since + _LIMIT:
            return document
        late = "Its deployment was not active within an hour."
        return document.skipping(CHAMPION, late).at("asking", now)

    def _champion(self, document: AttemptDocument, champion: ChampionFacts) -> ChampionFacts:
        if champion.serving is None:
            serving = self._serving_of(champion)
            champion = champion.model_copy(update={"serving": serving})
        if champion.deployment_arn is None and (standing := self._standing(champion.model_arn)):
            return champion.model_copy(update={"deployment_arn": standing.arn, "is_active": True})
        known = champion.deployment_arn
        found = self._found_or_made(document, CHAMPION, champion.model_arn, known)
        if isinstance(found, str):
            return champion.model_copy(update={"deployment_arn": found, "is_own": True})
        if found is None:
            return champion
        if found.status == "Failed":
            raise EvaluationError(f"Its deployment failed: {found.failure_message}")
        return champion.model_copy(
            update={
                "deployment_arn": found.arn,
                "is_own": True,
                "is_active": found.status == "Active",
            }
        )

    def _standing(self, model_arn: str) -> Deployment | None:
        """Returns a deployment that answers with a model already."""
        found = self.services.deployments().of_model(model_arn)
        return next(
            (one for one in found if one.status == "Active" and not one.name.endswith("-eval")),
            None,
        )

    def _serving_of(self, champion: ChampionFacts) -> Serving:
        """Returns how a model of an earlier run is asked."""
        layout = AttemptLayout(champion.run_id or "", champion.job_name or "")
        earlier = self.services.documents.read(layout)
        if earlier is None:
            raise EvaluationError(
                f"How the champion {champion.model_arn} is asked is not known: its run has left no "
                "document."
            )
        return earlier.serving


def _tried_again(document: AttemptDocument, trouble: str, now: datetime) -> AttemptDocument:
    """Returns the attempt with its next deployment to make, or ending where there is none."""
    tries = document.deployment_tries + 1
    if tries < len(_OWN):
        return document.model_copy(
            update={
                "deployment_tries": tries,
                "deployment_arn": None,
                "deployment_missing_since": None,
            }
        )
    return document.ending_as(
        Ending.UNKNOWN_FAILURE,
        "The model was trained, but Bedrock failed to deploy it "
        f"{len(_OWN)} times: {ended(trouble)}",
        now,
    )
