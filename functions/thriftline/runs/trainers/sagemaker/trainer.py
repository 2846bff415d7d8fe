"""SageMaker training jobs with Thriftline's own image."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client, impatient_client
from thriftline.core.errors import EvaluationError
from thriftline.core.settings import Settings
from thriftline.evaluation.job_output import JobOutput, unpack
from thriftline.money.price_catalogue import price_catalogue
from thriftline.money.spot_advisor import SpotMarket
from thriftline.runs.domain.abilities import Abilities
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.costs import MonthlyCost
from thriftline.runs.domain.layout import split_prefix
from thriftline.runs.domain.quotes import Quote, Rung
from thriftline.runs.domain.work import AttemptOrder, TrainingWork
from thriftline.runs.trainers.port import Inputs, TrainedModel, TrainerSite
from thriftline.runs.trainers.sagemaker.attempt_limit import attempt_limit, within_plan
from thriftline.runs.trainers.sagemaker.attempts import attempt_of
from thriftline.runs.trainers.sagemaker.documents import RungTerms, instances_of
from thriftline.runs.trainers.sagemaker.express_buckets import is_there
from thriftline.runs.trainers.sagemaker.file_systems import FileSystem, Network, describe
from thriftline.runs.trainers.sagemaker.input_checks import InputSources
from thriftline.runs.trainers.sagemaker.ladder import Quotas
from thriftline.runs.trainers.sagemaker.layout import MODEL, OUTPUT, job_output_prefix
from thriftline.runs.trainers.sagemaker.month import month
from thriftline.runs.trainers.sagemaker.quotas import QuotaBook, QuotaLimit
from thriftline.runs.trainers.sagemaker.quoting import NAME, PriceSources, quote
from thriftline.runs.trainers.sagemaker.spot_markets import SpotMarkets
from thriftline.runs.trainers.sagemaker.training_image import image_gb
from thriftline.runs.trainers.sagemaker.training_instance_types import training_instance_types
from thriftline.runs.trainers.sagemaker.training_jobs import TrainingJobs
from thriftline.runs.trainers.sagemaker.training_plans import TrainingPlan, TrainingPlans
from thriftline.runs.trainers.sagemaker.training_request import TrainingOrder, training_request

_STREAMED = ("fast_file", "s3_express")


class SagemakerTrainer:
    """The port over SageMaker. Settings are asked for by the calls that need them."""

    name = NAME
    inputs = Inputs(("train", "validation", "test"))
    abilities = Abilities()

    def __init__(
        self,
        jobs: Callable[[], TrainingJobs],
        artifacts: Bucket,
        settings: Settings,
        quotas: Quotas = lambda _: {},
        market_of: Callable[[str], SpotMarket | None] = lambda _: None,
        size_of_image: Callable[[str], float | None] = lambda _: None,
        plan_of: Callable[[str], TrainingPlan | None] = lambda _: None,
        file_system_of: Callable[[str], FileSystem | None] = lambda _: None,
        has_bucket: Callable[[str], bool] = lambda _: False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._jobs = jobs
        self._image_gb = size_of_image
        self._quotas = quotas
        self._artifacts = artifacts
        self._settings = settings
        self._market_of = market_of
        self._plan_of = plan_of
        self._file_system_of = file_system_of
        self._has_bucket = has_bucket
        self._now = now

    def quote(self, work: TrainingWork) -> Quote:
        """Prices the ladder of the run spec; see ``quoting``."""
        settings = self._settings
        sources = PriceSources(
            price_catalogue,
            training_instance_types,
            settings.region,
            self._market_of,
            lambda: self._image_gb(settings.training_image_uri),
            plan_of=self._plan_of,
            inputs=InputSources(
                file_system_of=self._file_system_of,
                has_bucket=self._has_bucket,
                network=Network(settings.training_subnet_ids, settings.training_security_group_ids),
                artifacts_bucket=self._artifacts.name,
                express_buckets=settings.training_express_buckets,
            ),
        )
        return quote(work, sources, self._quotas)

    def month(self, work: TrainingWork, predictions: int) -> MonthlyCost:
        """Prices an endpoint that stands all month; see ``month``."""
        return month(work, predictions, price_catalogue(), self._settings.region)

    def start(self, order: AttemptOrder) -> AttemptState:
        """Creates the attempt's job, or finds it; see ``TrainingJobs.start``."""
        job = self._jobs().start(training_request(self._order(order)))
        return attempt_of(job, order.rung, self._artifacts)

    def look(self, name: str, run_id: str, rung: Rung) -> AttemptState | None:
        """Describes the job; one of another run is none of this run's."""
        job = self._jobs().describe(name)
        if job is None or job.run_id != run_id:
            return None
        return attempt_of(job, rung, self._artifacts)

    def advance(self, name: str, run_id: str, rung: Rung) -> AttemptState | None:
        """Looks: SageMaker does everything by itself."""
        return self.look(name, run_id, rung)

    def stop(self, name: str) -> None:
        """Stops the job if it runs."""
        self._jobs().stop(name)

    def predictions(self, name: str, run_id: str, folder: Path) -> JobOutput:
        """Unpacks the job's ``output.tar.gz``."""
        key = f"{job_output_prefix(run_id, name)}{OUTPUT}"
        with tempfile.TemporaryFile(dir=folder) as archive:
            if not self._artifacts.download(key, archive):
                raise EvaluationError(f"The job left no {self._artifacts.uri(key)}.")
            archive.seek(0)
            return unpack(archive, folder)

    def model(self, name: str, run_id: str) -> TrainedModel:
        """Returns the job's ``model.tar.gz``, with the image that the stack has now."""
        key = f"{job_output_prefix(run_id, name)}{MODEL}"
        if self._artifacts.current_version(key) is None:
            raise EvaluationError(f"The job left no {self._artifacts.uri(key)}.")
        return TrainedModel(self._artifacts.uri(key), self._settings.training_image_uri)

    def promote(self, name: str, run_id: str, project: str) -> None:
        """A training job serves nothing; endpoints are a matter of their own."""

    def provide(self, name: str, run_id: str) -> None:
        """Nothing is wanted by the hour."""

    def release(self, name: str, run_id: str, *, registered: bool) -> None:
        """Ends the warm pool of an attempt that did not complete; its files are the run's.

        After a completed one the pool waits for the next run, as run.yaml asks for it.
        """
        job = self._jobs().describe(name)
        if job is None or job.run_id != run_id or job.status == "Completed":
            return
        if job.warm_pool == "Available":
            self._jobs().release_pool(name)

    def _order(self, order: AttemptOrder) -> TrainingOrder:
        work, settings = order.work, self._settings
        champion = work.champion.if_of(NAME) if work.champion else None
        terms, _ = instances_of(order.rung)
        runtime = within_plan(order.rung, attempt_limit(order.rung, order.left_usd), self._now())
        return TrainingOrder(
            job_name=order.name,
            run_id=work.run_id,
            project=work.project,
            role_arn=settings.training_role_arn,
            image_uri=settings.training_image_uri,
            artifacts_bucket=self._artifacts.name,
            hyperparameters=work.hyperparameters,
            splits=self.inputs.splits,
            instance_type=terms.instance_type,
            instance_count=terms.instance_count,
            volume_gib=terms.volume_gib,
            max_runtime_seconds=runtime,
            max_wait_seconds=wait_left(terms.max_wait_seconds, runtime, order.waited_seconds),
            shard_train=self._shards(terms, work.run_id),
            training_plan_arn=terms.training_plan,
            keep_alive_seconds=terms.keep_alive_seconds,
            base_model_uri=work.base_model if work.base_model.startswith("s3://") else None,
            champion_uri=champion.model_uri if champion else None,
            kms_key_id=settings.kms_key_id,
            usd_per_hour=order.rung.rate.usd,
            cost_tags=settings.cost_tags,
            streams=terms.input_mode in _STREAMED,
            splits_bucket=terms.express.bucket if terms.express else None,
            file_system_id=terms.file_system,
            directory_path=terms.directory_path,
            subnet_ids=settings.training_subnet_ids,
            security_group_ids=settings.training_security_group_ids,
        )

    def _shards(self, terms: RungTerms, run_id: str) -> bool:
        """Whether each instance gets training files of its own."""
        return (
            not terms.all_rows
            and terms.file_system is None
            and self._has_parts(run_id, terms.instance_count)
        )

    def _has_parts(self, run_id: str, instances: int) -> bool:
        """Whether each of several instances can have training files of its own.

        A small data set is one file; all instances then get it, and share its rows all the same.
        """
        if instances == 1:
            return False
        parts = self._artifacts.list(split_prefix(run_id, "train"))
        return len(list(islice(parts, instances))) == instances


def wait_left(
    max_wait_seconds: int | None, runtime_seconds: int, waited_seconds: float
) -> int | None:
    """Returns ``MaxWaitTimeInSeconds`` of the next attempt, None unless Spot.

    The attempts on a rung share it; SageMaker wants at least the run time.
    """
    if max_wait_seconds is None:
        return None
    return max(runtime_seconds, max_wait_seconds - int(waited_seconds))


def sagemaker_trainer(site: TrainerSite) -> SagemakerTrainer:
    """Makes the trainer with a client of its own."""

    @cache
    def jobs() -> TrainingJobs:
        # SageMaker's client takes a second to make, and not every call needs it.
        return TrainingJobs(client("sagemaker"))

    def quotas(names: Sequence[str]) -> Mapping[str, QuotaLimit]:
        book = QuotaBook(impatient_client("service-quotas"), site.settings.region)
        return book.limits(names)

    def market_of(instance_type: str) -> SpotMarket | None:
        markets = SpotMarkets(
            lambda: client("ec2"), site.settings.region, lambda: datetime.now(UTC)
        )
        return markets.of(instance_type)

    return SagemakerTrainer(
        jobs,
        site.artifacts,
        site.settings,
        quotas,
        market_of,
        lambda uri: image_gb(client("ecr"), uri),
        lambda arn: TrainingPlans(client("sagemaker"), lambda: datetime.now(UTC)).describe(arn),
        lambda file_system_id: describe(client("fsx"), file_system_id),
        lambda bucket: is_there(client("s3"), bucket),
    )
