"""An attempt from its job to its last answer: job, deployment, questions, deployment gone.

Nothing waits: each poll does what the attempt needs next and remembers it. What a poll does twice,
because its reply was lost, finds what the first one made.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ServiceUnavailableError, ThriftlineError
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.endings import Ending
from thriftline.runs.trainers.bedrock.answer_parts import AnswerParts
from thriftline.runs.trainers.bedrock.attempt_document import AttemptDocument, Verdict
from thriftline.runs.trainers.bedrock.attempt_states import active_state, ended_state
from thriftline.runs.trainers.bedrock.customization_jobs import CustomizationJob
from thriftline.runs.trainers.bedrock.deploying import EvaluationDeployments
from thriftline.runs.trainers.bedrock.endings import outcome_of
from thriftline.runs.trainers.bedrock.evaluating import Evaluation, counted_again
from thriftline.runs.trainers.bedrock.layout import AttemptLayout, run_of_attempt
from thriftline.runs.trainers.bedrock.services import BedrockServices

# What cannot be taken away in this time is named to a person.
_REMOVAL_LIMIT = timedelta(hours=1)
_REMOVING = "removing the deployment"
_MODEL_LIMIT = timedelta(hours=1)
_STOPPED = "A person or another program stopped the attempt."


@dataclass(frozen=True)
class Attempts:
    """The attempts of the runs of one stack."""

    services: BedrockServices
    evaluation_deployments: EvaluationDeployments

    def advance(self, layout: AttemptLayout) -> AttemptState | None:
        """Does what an attempt needs next, then looks at it.

        It goes on to the next phase at once where one has nothing to wait for.
        """
        documents = self.services.documents
        document = documents.read(layout)
        if document is None or documents.stopped_at(layout) is not None:
            return self.look(layout)
        while document.phase != "ended":
            advanced = self._steps()[document.phase](document)
            if advanced != document:
                documents.write(layout, advanced)
            if advanced.phase == document.phase:
                break
            document = advanced
        return self.look(layout)

    def look(self, layout: AttemptLayout) -> AttemptState | None:
        """Returns an attempt as it is now, None when it never started; changes nothing.

        Raises:
            ServiceUnavailableError: Bedrock has shown the job before and does not show it now.
        """
        document = self.services.documents.read(layout)
        if document is None:
            return None
        if document.phase == "ended":
            wants_units = document.provisioned is not None
            units = self.services.documents.made_units(layout) if wants_units else None
            return ended_state(document, units)
        stopped_at = self.services.documents.stopped_at(layout)
        job = None
        if document.phase == "training" or stopped_at is not None:
            job = self.services.jobs().find(layout.name)
            if job is None and document.job_arn is not None:
                # It may run all the same, so it counts as one that does.
                raise ServiceUnavailableError(f"Bedrock does not show the job {layout.name}.")
            if job is None:
                return None
        if stopped_at is None or job is None:
            return active_state(document, job)
        if job.is_active:
            return active_state(document, job, "stopping")
        ended = self._after_stop(document, job, stopped_at)
        return ended_state(ended) if ended else active_state(document, job, _REMOVING)

    def stop(self, name: str) -> None:
        """Stops an attempt's job and deletes its deployments; no error when nothing is left."""
        layout = AttemptLayout(run_of_attempt(name), name)
        document = self.services.documents.read(layout)
        if document is None or document.phase == "ended":
            return
        self.services.documents.mark_stopped(layout, self.services.now())
        self.services.jobs().stop(name)
        self.evaluation_deployments.remove(name)

    def release(self, layout: AttemptLayout, *, registered: bool) -> None:
        """Deletes an ended attempt's deployments, and its model unless that is registered.

        Raises:
            ServiceUnavailableError: a deployment is not gone yet; a later call finds it gone.
        """
        document = self.services.documents.read(layout)
        if document is None:
            return
        document = self._with_all_answers(document)
        left = self.evaluation_deployments.remove(layout.name)
        if left:
            raise ServiceUnavailableError(f"The deployment {left[0]} is not gone yet.")
        job = self.services.jobs().find(layout.name)
        self._keep_end(document, job)
        if registered:
            return
        model_arn = document.model_arn or (job.model_arn if job else None)
        if model_arn is not None:
            self.services.jobs().delete_model(model_arn)

    def _with_all_answers(self, document: AttemptDocument) -> AttemptDocument:
        """Counts what a stopped attempt was answered: a poll may have died behind its answers.

        The poll that found the deployment active may be the one.
        """
        stopped_at = self.services.documents.stopped_at(document.layout)
        if stopped_at is None or document.phase not in {"deploying", "asking"}:
            return document
        parts = AnswerParts(self.services.artifacts, document.layout)
        counted = counted_again(document, parts)
        if counted != document:
            self.services.documents.write(document.layout, counted)
        return counted

    def _keep_end(self, document: AttemptDocument, job: CustomizationJob | None) -> None:
        """Remembers how a stopped attempt ended, so that nobody has to ask Bedrock again."""
        layout = document.layout
        stopped_at = self.services.documents.stopped_at(layout)
        if document.phase == "ended" or stopped_at is None or job is None or job.is_active:
            return
        ended = self._after_stop(document, job, stopped_at)
        if ended is not None:
            self.services.documents.write(layout, ended)

    def _steps(self) -> dict[str, Callable[[AttemptDocument], AttemptDocument]]:
        return {
            "training": self._train,
            "deploying": self.evaluation_deployments.deploy,
            "asking": Evaluation(self.services).ask,
            "removing": self._remove,
        }

    def _train(self, document: AttemptDocument) -> AttemptDocument:
        now, jobs = self.services.now(), self.services.jobs()
        job = jobs.find(document.name)
        if job is None:
            return document
        document = document.model_copy(
            update={
                "started_at": job.training_since,
                "has_trained": job.has_trained,
                "model_arn": job.model_arn,
            }
        )
        outcome = outcome_of(job.status, job.failure_message, document.limit)
        if outcome is None:
            limit = _passed_limit(document, job, now)
            if limit is not None and job.status == "InProgress":
                # Kept first: a stop whose reply is lost is still known to be ours.
                document = document.model_copy(update={"limit": limit})
                self.services.documents.write(document.layout, document)
                jobs.stop(document.name)
            return document
        if outcome.ending is Ending.COMPLETED:
            return _trained(document, job, now)
        return document.ending_as(outcome.ending, outcome.reason, now)

    def _remove(self, document: AttemptDocument) -> AttemptDocument:
        now = self.services.now()
        try:
            left = self.evaluation_deployments.remove(document.name)
            trouble = f"still there: {', '.join(left)}" if left else ""
        except ThriftlineError as error:
            trouble = str(error)
        if trouble and now < document.phase_since + _REMOVAL_LIMIT:
            return document.model_copy(update={"last_trouble": trouble})
        verdict = document.verdict
        if trouble and verdict is not None:
            verdict = Verdict(ending=verdict.ending, reason=verdict.reason + _left_over(trouble))
        return document.at("ended", now).model_copy(update={"verdict": verdict, "ended_at": now})

    def _after_stop(
        self, document: AttemptDocument, job: CustomizationJob, stopped_at: datetime
    ) -> AttemptDocument | None:
        """Returns a stopped attempt as it ended, None while a deployment of it is there."""
        failed = outcome_of(job.status, job.failure_message) if job.status == "Failed" else None
        reason = failed.reason if failed else _STOPPED
        try:
            left = self.evaluation_deployments.left(document.name)
            trouble = f"still there: {', '.join(left)}" if left else ""
        except ThriftlineError as error:
            trouble = str(error)
        if trouble:
            if self.services.now() < stopped_at + _REMOVAL_LIMIT:
                return None
            reason += _left_over(trouble)
        return document.model_copy(
            update={
                "phase": "ended",
                "has_trained": document.has_trained or job.has_trained,
                "model_arn": document.model_arn or job.model_arn,
                "started_at": document.started_at or job.training_since,
                "verdict": Verdict(
                    ending=failed.ending if failed else Ending.STOPPED, reason=reason
                ),
                "ended_at": max(stopped_at, job.ended_at or stopped_at),
            }
        )


def _trained(document: AttemptDocument, job: CustomizationJob, now: datetime) -> AttemptDocument:
    """Goes on with the model of a completed job, which Bedrock may show a little later."""
    if job.model_arn is not None:
        return document.at("deploying", now)
    trouble = "The customization completed, but Bedrock shows no model of it"
    if now >= (job.ended_at or job.created_at) + _MODEL_LIMIT:
        return document.ending_as(Ending.UNKNOWN_FAILURE, f"{trouble} an hour later.", now)
    return document.model_copy(update={"last_trouble": f"{trouble} yet."})


def _left_over(trouble: str) -> str:
    return (
        f" Its evaluation deployment could not be taken away ({trouble}). It costs nothing while "
        "nobody asks it; delete it with aws bedrock delete-custom-model-deployment."
    )


def _passed_limit(document: AttemptDocument, job: CustomizationJob, now: datetime) -> str | None:
    """Returns which limit an active job has passed, None when it may go on."""
    spent = (now - job.created_at).total_seconds()
    if spent >= document.total_limit_seconds:
        return f"{document.total_limit_seconds} seconds in all"
    if job.phase == "validation" and spent >= document.validation_limit_seconds:
        return f"{document.validation_limit_seconds} seconds until the data is validated"
    return None
