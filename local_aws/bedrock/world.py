"""What every part of the embedded Bedrock uses: time, places, engines, other services."""

import shutil
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_aws.bedrock.base_models import BaseModel, BaseModels
from local_aws.bedrock.options import BedrockOptions, Step, StepFaults
from local_aws.clock import Clock
from local_aws.http.own_calls import AwsError
from local_aws.services.bedrock_bill import BedrockBill
from local_aws.services.bedrock_store import BedrockStore, Change
from local_aws.services.metric_store import MetricKey, MetricStore, StatisticSet
from local_aws.services.places import Places
from local_aws.services.service_quotas import QuotaStore

if TYPE_CHECKING:
    from local_aws.generative.engines import Engines
    from local_aws.generative.port import GenerativeEngine

ENGINE_TAG = "local-aws:engine"
ENGINE_HEADER = "x-local-aws-engine"
_NAMESPACE = "AWS/Bedrock"


class BedrockWorld:
    """The embedded Bedrock's surroundings; `seconds`, `faults` and `models` are for tests.

    `connect` gives it what is there only when the server listens.
    """

    def __init__(
        self,
        clock: Clock,
        stores: Places[BedrockStore],
        quotas: Places[QuotaStore],
        metrics: Places[MetricStore],
    ) -> None:
        self.clock = clock
        self.stores = stores
        self.quotas = quotas
        self.metrics = metrics
        self.bill = BedrockBill()
        self.faults = StepFaults()
        self.seconds: dict[Step, float] = {}
        self.time_scale = 1.0
        self._options = BedrockOptions()
        self._folder: Path | None = None
        self._client: Callable[[str, str | None], Any] | None = None
        self._making = threading.Lock()
        self._engines: Engines | None = None

    def connect(
        self,
        options: BedrockOptions,
        time_scale: float,
        folder: Path,
        client: Callable[[str, str | None], Any],
    ) -> None:
        """Take the settings, a folder for models, and clients of the other services."""
        self._options = options
        self.seconds = dict(options.seconds)
        self.time_scale = time_scale
        self._folder = folder
        self._client = client

    def close(self) -> None:
        """End the engines."""
        if self._engines is not None:
            self._engines.close()

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a client of another service of this embedded AWS; the stack's region if none."""
        if self._client is None:
            raise RuntimeError("the embedded Bedrock is not connected")
        return self._client(service, region)

    def span(self, step: Step) -> timedelta:
        """Return how long a step takes on the embedded clock."""
        return timedelta(seconds=self.seconds[step] / self.time_scale)

    def folder_of(self, arn: str) -> Path:
        """Return a new, empty folder for what an ARN names."""
        if self._folder is None:
            raise RuntimeError("the embedded Bedrock is not connected")
        folder = self._folder / arn.rpartition("/")[2]
        folder.mkdir(parents=True)
        return folder

    def forget_folder(self, store: BedrockStore, arn: str) -> None:
        """Delete a model's files."""
        if folder := store.folders.pop(arn, None):
            shutil.rmtree(folder, ignore_errors=True)

    @cached_property
    def models(self) -> BaseModels:
        """The base models that exist."""
        return BaseModels(self.engines().local_models)

    def engines(self) -> "Engines":
        """Return the engines, made at the first call."""
        with self._making:
            if self._engines is None:
                self._engines = self._options.engines()
            return self._engines

    def engine(self, base: BaseModel) -> "GenerativeEngine":
        """Return what plays a base model; its name says who really answers."""
        return self.engines().engine_for(base.id)

    def base(self, model: str, region: str, now: datetime) -> BaseModel:
        """Return a base model that may be customized or built on here and now.

        Raises:
            AwsError: there is none, or it is on its way out.
        """
        found = self.models.get(model, region, now)
        if found is None:
            raise AwsError("ValidationException", "The provided model identifier is invalid.", 400)
        if found.status(now) != "ACTIVE":
            raise AwsError(
                "ResourceNotFoundException",
                "Access denied. This Model is marked by provider as Legacy and you have not been "
                "actively using the model in the last 15 days. Please upgrade to an active model "
                "on Amazon Bedrock",
                404,
            )
        return found

    def base_of(self, store: BedrockStore, model_arn: str) -> BaseModel | None:
        """Return the base of a custom model, also after the base's end."""
        base = store.bases.get(model_arn)
        return next((each for each in self.models if each.id == base), None)

    def in_time(
        self,
        store: BedrockStore,
        arn: str,
        name: str,
        step: Step,
        done: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        """Let time finish what was begun, or a fault stop it."""
        fault = self.faults.take(name, step)
        at = self.clock.now() + self.span(step)
        if fault is None:
            store.changes[arn] = Change(at, done)
        elif fault.message is None:
            store.changes[arn] = Change(None, done)
        else:
            message = fault.message
            store.changes[arn] = Change(at, lambda: failed(message))

    def count(self, store: BedrockStore, model_id: str, values: Mapping[str, float]) -> None:
        """Put samples of a model's metrics into CloudWatch, as Bedrock does."""
        place = self.metrics.at(store.account, store.region)
        for name, value in values.items():
            samples = StatisticSet()
            samples.add(total=value, count=1.0, low=value, high=value)
            key = MetricKey(_NAMESPACE, name, frozenset({("ModelId", model_id)}))
            place.put(key, self.clock.now(), samples)
