"""The life of one customization job, phase by phase, in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from local_aws.bedrock.job import CustomizationJob
from local_aws.bedrock.kinds import DISTILLATION, REINFORCEMENT, rules
from local_aws.bedrock.options import UNEXPECTED_MESSAGE, Step
from local_aws.bedrock.storage import JobStorage, split_uri
from local_aws.bedrock.teaching import distilled, reinforced, reinforcement_of
from local_aws.bedrock.training_data import (
    JobFailure,
    check_counts,
    check_tokens,
    parse_file,
    tokens_of_record,
)
from local_aws.bedrock.world import ENGINE_TAG, BedrockWorld
from local_aws.generative.conversations import Conversation, StepMetrics
from local_aws.generative.port import GenerativeError
from local_aws.services import bedrock_bill
from local_aws.services.bedrock_store import BedrockStore, tags_of

LOG = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 0.02
_SEED = 13
# Haiku has a multiplier of a rate that is not told.
_RATE_WITHOUT_ONE = 1e-5


class _Stopped(Exception):
    """Somebody asked the job to stop."""


class _Closed(Exception):
    """The embedded AWS is taken down."""


class CustomizationRun:
    """Validates, processes, trains, and makes the custom model."""

    def __init__(
        self,
        job: CustomizationJob,
        store: BedrockStore,
        world: BedrockWorld,
        announce: Callable[[CustomizationJob], None],
    ) -> None:
        self._job = job
        self._store = store
        self._world = world
        self._announce = announce
        self._kind = rules(job.base.kind, job.kind)
        self._wake = threading.Event()
        self._stopping = False
        self._closed = False
        self._training_since: datetime | None = None
        self._tokens = 0
        self._steps: list[StepMetrics] = []
        self._thread = threading.Thread(target=self._run, name=job.name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the job as StopModelCustomizationJob does, without waiting for it."""
        self._stopping = True
        self._wake.set()

    def close(self) -> None:
        """End at once and wait until nothing of the job is left."""
        self._closed = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        job, clock = self._job, self._world.clock
        try:
            self._live()
        except _Closed:
            return
        except _Stopped:
            self._charge(clock.now())
            job.stopped(clock.now())
        except (JobFailure, GenerativeError) as failure:
            self._fail(str(failure))
        except Exception:
            LOG.exception("customization job %s", job.name)
            self._fail(UNEXPECTED_MESSAGE)
        self._announce(job)

    def _fail(self, message: str) -> None:
        now = self._world.clock.now()
        # Who has asked it to stop is told that it has.
        if self._stopping:
            self._job.stopped(now)
        else:
            self._job.fail(message, now)

    def _live(self) -> None:
        job, kind = self._job, self._kind
        storage = JobStorage(self._world.client("s3"), job)
        uri = job.request["trainingDataConfig"]["s3Uri"]
        self._pass_time(Step.VALIDATION)
        training = parse_file(storage.read(uri), split_uri(uri)[1], kind)
        validation = self._validation_records(storage)
        check_counts(len(training), [len(each) for each in validation], kind)
        storage.check_output()
        self._pass_time(Step.PROCESSING)
        check_tokens(training, split_uri(uri)[1].rpartition("/")[2], kind)
        if job.kind == DISTILLATION:
            training = distilled(training, job, self._world, self._look)
        elif job.kind == REINFORCEMENT:
            training = reinforced(training, job, self._world, self._look)
        self._tokens = sum(tokens_of_record(each) for each in training)
        self._train(training, validation, storage)

    def _validation_records(self, storage: JobStorage) -> list[list[Conversation]]:
        config = self._job.request.get("validationDataConfig") or {}
        uris = [each["s3Uri"] for each in config.get("validators") or ()]
        return [parse_file(storage.read(uri), split_uri(uri)[1], self._kind) for uri in uris]

    def _train(
        self,
        training: list[Conversation],
        validation: list[list[Conversation]],
        storage: JobStorage,
    ) -> None:
        job, world = self._job, self._world
        engine = world.engine(job.base)
        model_arn = self._store.new_arn(f"custom-model/{job.base.id}")
        folder = world.folder_of(model_arn)
        self._store.folders[model_arn] = folder
        started = world.clock.now()
        job.enter(Step.TRAINING, started)
        self._training_since = started
        LOG.info("%s trains for the customization job %s", engine.name, job.name)
        try:
            engine.fine_tune(
                training, self._epochs, self._learning_rate, _SEED, folder, self._report
            )
            self._wait(Step.TRAINING, started)
            losses = [engine.loss(folder, records) for records in validation]
            self._write_metrics(storage, losses)
            now = world.clock.now()
            made = job.complete(
                model_arn,
                self._steps[-1].loss,
                losses,
                now,
                lambda: self._add_model(model_arn, losses, engine.name, now),
            )
            if not made:
                raise _Stopped
        except BaseException:
            world.forget_folder(self._store, model_arn)
            raise

    @property
    def _epochs(self) -> int:
        return int(self._parameter("epochCount", 1))

    @property
    def _learning_rate(self) -> float:
        return float(self._parameter("learningRate", _RATE_WITHOUT_ONE))

    def _parameter(self, name: str, default: float) -> float:
        own = reinforcement_of(self._job.request).get("hyperParameters") or {}
        return float(self._job.hyperparameters.get(name) or own.get(name) or default)

    def _report(self, metrics: StepMetrics) -> None:
        self._look()
        self._steps.append(metrics)

    def _write_metrics(self, storage: JobStorage, losses: list[float]) -> None:
        storage.write_csv(
            "training_artifacts/step_wise_training_metrics.csv",
            ("step_number", "epoch_number", "training_loss", "perplexity"),
            [(each.step, each.epoch, each.loss, each.perplexity) for each in self._steps],
        )
        if losses:
            last = self._steps[-1]
            storage.write_csv(
                # One folder deeper than the documentation has it, as real jobs write it.
                "validation_artifacts/post_fine_tuning_validation/validation/"
                "validation_metrics.csv",
                ("step_number", "epoch_number", "validation_loss"),
                [(last.step, last.epoch, each) for each in losses],
            )

    def _add_model(self, arn: str, losses: list[float], engine: str, now: datetime) -> None:
        job, store = self._job, self._store
        described = job.describe()
        row = {
            "modelArn": arn,
            "modelName": job.model_name,
            "jobName": job.name,
            "jobArn": job.arn,
            "creationTime": now,
            "baseModelArn": described["baseModelArn"],
            "baseModelName": job.base.id,
            "customizationType": job.kind,
            "ownerAccountId": job.account,
            "modelStatus": "Active",
            "hyperParameters": job.hyperparameters,
            "trainingDataConfig": described["trainingDataConfig"],
            "validationDataConfig": described["validationDataConfig"],
            "outputDataConfig": described["outputDataConfig"],
            "trainingMetrics": {"trainingLoss": self._steps[-1].loss},
        }
        if losses:
            row["validationMetrics"] = [{"validationLoss": each} for each in losses]
        store.custom_models[arn] = row
        store.bases[arn] = job.base.id
        store.tags[arn] = tags_of(job.request.get("customModelTags")) | {ENGINE_TAG: engine}
        self._charge(now)
        self._world.bill.begin(arn, job.region, job.base.price_name, bedrock_bill.STORAGE, 1, now)

    def _charge(self, now: datetime) -> None:
        """Bill what was trained; a stopped job pays for the part that it trained."""
        if self._training_since is None:
            return
        span = self._world.span(Step.TRAINING)
        part = min(1.0, (now - self._training_since) / span) if self._stopping and span else 1.0
        job, bill = self._job, self._world.bill
        place = (job.account, job.region, job.base.price_name)
        if job.kind == REINFORCEMENT:
            hours = (now - self._training_since) / timedelta(hours=1) * self._world.time_scale
            bill.charge(*place, bedrock_bill.RFT_HOURS, max(1, round(hours)), now, per=1)
        else:
            trained = int(self._tokens * self._epochs * part)
            bill.charge(*place, bedrock_bill.TRAINING, trained, now)

    def _pass_time(self, step: Step) -> None:
        now = self._world.clock.now()
        self._job.enter(step, now)
        self._wait(step, now)

    def _wait(self, step: Step, since: datetime) -> None:
        clock, end = self._world.clock, since + self._world.span(step)
        fault = self._world.faults.take(self._job.name, step)
        while clock.now() < end or (fault is not None and fault.message is None):
            self._look()
            self._wake.wait(_LOOK_EVERY_SECONDS)
        self._look()
        if fault is not None and fault.message is not None:
            raise JobFailure(fault.message)

    def _look(self) -> None:
        if self._closed:
            raise _Closed
        if self._stopping:
            end = self._world.clock.now() + self._world.span(Step.STOPPING)
            self._wake.clear()
            while self._world.clock.now() < end and not self._closed:
                self._wake.wait(_LOOK_EVERY_SECONDS)
            if self._closed:
                raise _Closed
            raise _Stopped
