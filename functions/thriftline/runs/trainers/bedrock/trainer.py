"""Customization of models on Bedrock, and on-demand deployments to evaluate and to serve them."""

import json
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from thriftline.core.aws.clients import client, client_without_retries, impatient_client
from thriftline.core.aws.schedules import OneTimeSchedules
from thriftline.core.errors import (
    EvaluationError,
    QuotaExceededError,
    ServiceUnavailableError,
)
from thriftline.core.settings import Settings
from thriftline.core.tags import DEADLINE_TAG, PROJECT_TAG, RUN_ID_TAG
from thriftline.evaluation.job_output import JobOutput
from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.costs import MonthlyCost
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.quotes import Quote, Rung
from thriftline.runs.domain.work import AttemptOrder, TrainingWork
from thriftline.runs.trainers.bedrock.abilities import ABILITIES
from thriftline.runs.trainers.bedrock.attempt_document import AttemptDocument
from thriftline.runs.trainers.bedrock.attempt_states import active_state
from thriftline.runs.trainers.bedrock.attempts import Attempts
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockSources, BedrockWork
from thriftline.runs.trainers.bedrock.conversation import Conversation
from thriftline.runs.trainers.bedrock.customization_jobs import CustomizationJobs
from thriftline.runs.trainers.bedrock.deploying import (
    ATTEMPT_TAG,
    PURPOSE_TAG,
    EvaluationDeployments,
)
from thriftline.runs.trainers.bedrock.deployments import Deployments
from thriftline.runs.trainers.bedrock.foundation_models import FoundationModels
from thriftline.runs.trainers.bedrock.judging import EvaluationJobs
from thriftline.runs.trainers.bedrock.layout import AttemptLayout
from thriftline.runs.trainers.bedrock.month import month
from thriftline.runs.trainers.bedrock.names import (
    client_token,
    schedule_name,
    standing_deployment_name,
    throughput_name,
)
from thriftline.runs.trainers.bedrock.offers import Offers
from thriftline.runs.trainers.bedrock.predictions import write_output
from thriftline.runs.trainers.bedrock.quotas import CustomModelQuotas
from thriftline.runs.trainers.bedrock.quoting import NAME, quote
from thriftline.runs.trainers.bedrock.services import BedrockServices
from thriftline.runs.trainers.bedrock.starting import Starting
from thriftline.runs.trainers.bedrock.throughputs import Throughputs
from thriftline.runs.trainers.port import Inputs, TrainedModel, TrainerSite


class BedrockTrainer:
    """The port over Bedrock. Settings are asked for by the calls that need them."""

    name = NAME
    # A validation file is given where there is one and the family takes it.
    inputs = Inputs(("train", "test"), samples_test=True)
    abilities = ABILITIES

    def __init__(self, services: BedrockServices, settings: Settings, offers: Offers) -> None:
        self._services = services
        self._settings = settings
        self._offers = offers

    def quote(self, work: TrainingWork) -> Quote:
        """Prices one customization and its evaluation; see ``quoting``.

        What needs no call is refused first.

        Raises:
            NoQuotaError: the account may not ask a custom model.
        """
        asked = BedrockWork(work, self._sources())
        self._offers.require(asked.model, asked.customization, self._services.now())
        return quote(work, self._sources())

    def month(self, work: TrainingWork, predictions: int) -> MonthlyCost:
        """Prices the tokens of a month and the storage of the model; see ``month``."""
        return month(work, predictions, self._sources())

    def start(self, order: AttemptOrder) -> AttemptState:
        """Creates the attempt's job, or finds it; see ``Starting``."""
        document = Starting(self._services, self._settings).start(order)
        job = self._services.jobs().find(order.name) if document.phase == "training" else None
        return active_state(document, job)

    def look(self, name: str, run_id: str, rung: Rung) -> AttemptState | None:
        """Looks at the attempt; changes nothing."""
        return self._attempts().look(AttemptLayout(run_id, name))

    def advance(self, name: str, run_id: str, rung: Rung) -> AttemptState | None:
        """Deploys, asks and takes away, as far as it comes now; see ``Attempts``."""
        return self._attempts().advance(AttemptLayout(run_id, name))

    def stop(self, name: str) -> None:
        """Stops the job if it runs, and deletes what was deployed."""
        self._attempts().stop(name)

    def predictions(self, name: str, run_id: str, folder: Path) -> JobOutput:
        """Writes what the attempt's answers come to."""
        return write_output(self._completed(name, run_id), self._services.artifacts, folder)

    def model(self, name: str, run_id: str) -> TrainedModel:
        """Returns the custom model's ARN; Bedrock itself serves it."""
        document = self._completed(name, run_id)
        return TrainedModel(document.model_arn or "", None)

    def promote(self, name: str, run_id: str, project: str) -> str | None:
        """Puts the model behind the project's standing deployment, where the run keeps one.

        Raises:
            ServiceUnavailableError: the deployment still changes to another model.
        """
        document = self._completed(name, run_id)
        if not document.keep_deployment or document.model_arn is None:
            return None
        deployments = self._services.deployments()
        standing = standing_deployment_name(self._settings.stack_name, project)
        found = deployments.find(standing)
        if found is None:
            # Of the hour, so that the name can be had again after the deployment was deleted.
            hour = self._services.now().strftime("%Y-%m-%dT%H")
            token = client_token(run_id, name, f"standing {standing} {hour}")
            return deployments.create(standing, document.model_arn, self._tags(document), token)
        if found.model_arn == document.model_arn:
            return found.arn
        if found.is_updating or found.status == "Creating":
            raise ServiceUnavailableError(f"The deployment {standing} still changes.")
        deployments.update(found.arn, document.model_arn)
        return found.arn

    def provide(self, name: str, run_id: str) -> None:
        """Makes the model units that the run names, once and only before their end."""
        document = self._completed(name, run_id)
        named, make = document.provisioned, self._services.throughputs
        mark = document.layout.throughput_mark
        if named is None or make is None or document.model_arn is None:
            return
        if named.until <= self._services.now() or self._services.artifacts.read(mark) is not None:
            return
        try:
            arn = make().create(
                throughput_name(document.name),
                document.model_arn,
                named.units,
                {**self._tags(document), DEADLINE_TAG: named.until.isoformat()},
                client_token(document.run_id, document.name, "throughput"),
            )
        except QuotaExceededError as error:
            # The model is registered and answers on demand: the run has not failed.
            self._services.artifacts.write_json(mark, json.dumps({"trouble": str(error)}))
            return
        # Before it is noted: a call that is repeated makes up for what is missing.
        if self._services.schedules is not None:
            self._services.schedules().call_at(named.until, schedule_name(document.name))
        made = {"arn": arn, "created_at": self._services.now().isoformat()}
        self._services.artifacts.write_json(mark, json.dumps(made))

    def release(self, name: str, run_id: str, *, registered: bool) -> None:
        """Deletes the evaluation's deployments, and the model unless it is registered."""
        self._attempts().release(AttemptLayout(run_id, name), registered=registered)

    def _sources(self) -> BedrockSources:
        return BedrockSources(
            price_catalogue,
            self._settings.region,
            self._services.now().date(),
            self._offers.requests_per_minute,
            self._services.now(),
        )

    def _attempts(self) -> Attempts:
        deployments = EvaluationDeployments(self._services, self._settings.cost_tags)
        return Attempts(self._services, deployments)

    def _completed(self, name: str, run_id: str) -> AttemptDocument:
        document = self._services.documents.read(AttemptLayout(run_id, name))
        verdict = document.verdict if document else None
        if document is None or verdict is None or verdict.ending is not Ending.COMPLETED:
            raise EvaluationError(f"The attempt {name} has not completed.")
        return document

    def _tags(self, document: AttemptDocument) -> dict[str, str]:
        return {
            **self._settings.cost_tags,
            PROJECT_TAG: document.project,
            RUN_ID_TAG: document.run_id,
            ATTEMPT_TAG: document.name,
            PURPOSE_TAG: "standing",
        }


def bedrock_trainer(site: TrainerSite) -> BedrockTrainer:
    """Makes the trainer with clients of its own, each when it is first asked for."""

    @cache
    def jobs() -> CustomizationJobs:
        return CustomizationJobs(client("bedrock"))

    @cache
    def deployments() -> Deployments:
        return Deployments(client("bedrock"))

    @cache
    def conversation() -> Conversation:
        return Conversation(client_without_retries("bedrock-runtime"))

    @cache
    def models() -> FoundationModels:
        return FoundationModels(impatient_client("bedrock"))

    @cache
    def quotas() -> CustomModelQuotas:
        return CustomModelQuotas(impatient_client("service-quotas"))

    services = BedrockServices(
        jobs,
        deployments,
        conversation,
        site.artifacts,
        lambda: datetime.now(UTC),
        time.monotonic,
        lambda: Throughputs(client("bedrock")),
        lambda: EvaluationJobs(client("bedrock")),
        lambda: OneTimeSchedules(
            client("scheduler"), site.settings.sweep_bedrock_arn, site.settings.schedule_role_arn
        ),
    )
    return BedrockTrainer(services, site.settings, Offers(models, quotas, site.settings.region))
