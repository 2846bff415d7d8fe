"""Prices the run, and refuses it before anything is spent when it may not."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import InvalidRunSpecError
from thriftline.money.instances import gpus_of
from thriftline.money.price_catalogue import price_catalogue
from thriftline.money.prices import Price, PriceCatalogue
from thriftline.runs.aws.model_registry import ModelRegistry
from thriftline.runs.domain.auto_training import Chosen, Data, Named, choose
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.estimate import CANDIDATE_TYPES, Estimate, estimate
from thriftline.runs.domain.expected_time import Workload, mean_tokens
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.domain.plan import (
    STOP_GRACE_SECONDS,
    Offer,
    admit,
    offer_of,
    require_known,
    round_up,
)
from thriftline.runs.schemas.plan import (
    Candidate,
    Plan,
    PlannedChampion,
    PlannedPrice,
    PlannedTraining,
)
from thriftline.runs.schemas.run import SPLITS, Run
from thriftline.runs.schemas.run_spec import Hyperparameters
from thriftline.runs.schemas.steps import PlanRunResponse
from thriftline.runs.steps.base_models import base_model_uri, encoder_of
from thriftline.runs.steps.dataset_volume import DatasetVolume, read_volume
from thriftline.runs.steps.run_documents import read_run
from thriftline.runs.trainers.sagemaker.training_instance_types import training_instance_types


def plan_run(
    run_id: str,
    *,
    artifacts: Bucket,
    registry: ModelRegistry,
    region: str,
    now: datetime,
    catalogue: Callable[[], PriceCatalogue] = price_catalogue,
    known_types: Callable[[], frozenset[str]] = training_instance_types,
) -> PlanRunResponse:
    """Writes ``plan.json``.

    Raises:
        UnknownInstanceTypeError: SageMaker has no such type.
        UnpricedInstanceError: the catalogue has no rate for it here.
        BudgetExceededError: the worst case passes the run's cap.
        InvalidRunSpecError: the base model in S3 cannot be used, or a split is empty.
    """
    run = read_run(artifacts, run_id)
    training = run.spec.training
    require_known(training.instance_type, known_types())
    prices = catalogue()
    offer = _offer(training.instance_type, run, region, prices)
    others = [
        _offer(name, run, region, prices)
        for name in CANDIDATE_TYPES
        if name != training.instance_type and prices.training_rate(name, region)
    ]
    worst = admit(offer, training.max_runtime_seconds, run.spec.budget.max_usd, others)
    champion = registry.champion(run.project)
    volume = read_volume(artifacts, run_id)
    _require_all_splits(volume)
    work = _Work(run, volume, encoder_of(run.spec.base_model, artifacts), champion is not None)
    expected = work.estimate(offer)
    plan = Plan(
        run_id=run_id,
        planned_at=now,
        region=region,
        base_model=run.spec.base_model,
        base_model_uri=base_model_uri(run.spec.base_model),
        splits=volume.splits,
        training=PlannedTraining(**asdict(work.chosen)),
        instance_type=training.instance_type,
        instance_count=training.instance_count,
        spot=training.spot,
        volume_gib=training.volume_gib,
        max_runtime_seconds=training.max_runtime_seconds,
        max_wait_seconds=training.wait_limit_seconds,
        max_attempts=training.max_attempts,
        cap_usd=run.spec.budget.max_usd,
        rate=_price(offer.rate),
        storage=_price(offer.storage),
        worst_case_usd=worst,
        stop_grace_usd=round_up(offer.instance_usd(STOP_GRACE_SECONDS)),
        expected_usd=expected.usd,
        expected_hours=expected.hours,
        expected_reason=expected.reason,
        warnings=_warnings(offer, expected, training.max_runtime_seconds),
        candidates=tuple(work.candidate(each) for each in (offer, *others)),
        champion=champion
        and PlannedChampion(
            model_package_arn=champion.package_arn, model_data_url=champion.model_data_url
        ),
    )
    artifacts.write_json(f"{run_prefix(run_id)}plan.json", plan.model_dump_json(indent=2))
    return PlanRunResponse(
        worst_case_usd=worst, expected_usd=expected.usd, max_attempts=training.max_attempts
    )


@dataclass(frozen=True)
class _Work:
    run: Run
    volume: DatasetVolume
    encoder: Encoder | None
    has_champion: bool

    @property
    def max_length(self) -> int:
        return self.run.spec.hyperparameters.max_length

    @cached_property
    def chosen(self) -> Chosen:
        """How it trains, where run.yaml leaves it open."""
        mean = self.volume.mean_characters
        return choose(
            Data(
                rows=self.volume.splits.get("train", 0),
                mean_tokens=None if mean is None else mean_tokens(mean, self.max_length),
                labels=len(self.volume.labels) or None,
                width=self.encoder.hidden if self.encoder else None,
            ),
            named_in(self.run.spec.hyperparameters),
        )

    def workload(self) -> Workload | None:
        mean = self.volume.mean_characters
        if mean is None:
            return None
        return Workload(
            train_rows=self.volume.splits.get("train", 0),
            validation_rows=self.volume.splits.get("validation", 0),
            test_rows=self.volume.splits.get("test", 0),
            mean_characters=mean,
            epochs=self.chosen.epochs,
            batch_tokens=self.chosen.tokens_of_step(mean_tokens(mean, self.max_length)),
            max_length=self.max_length,
            has_champion=self.has_champion,
            is_frozen=self.chosen.method == "linear_head",
        )

    def estimate(self, offer: Offer) -> Estimate:
        return estimate(
            offer,
            self.workload(),
            self.encoder,
            base_model=self.run.spec.base_model,
            max_runtime_seconds=self.run.spec.training.max_runtime_seconds,
        )

    def candidate(self, offer: Offer) -> Candidate:
        expected = self.estimate(offer)
        found = gpus_of(offer.instance_type)
        worst = offer.worst_case_usd(self.run.spec.training.max_runtime_seconds)
        return Candidate(
            instance_type=offer.instance_type,
            gpu=found[0].name if found else None,
            gpu_count=found[1] * offer.instance_count if found else None,
            rate_usd_per_hour=offer.rate.usd,
            worst_case_usd=worst,
            expected_hours=expected.hours,
            expected_usd=expected.usd,
            within_cap=worst <= self.run.spec.budget.max_usd,
        )


def named_in(given: Hyperparameters) -> Named:
    """Returns what run.yaml names, without what it leaves open."""
    values = given.model_dump(include=set(Named.__dataclass_fields__))
    return Named(**{name: value for name, value in values.items() if value != "auto"})


def _require_all_splits(volume: DatasetVolume) -> None:
    # The training program needs all three, and an empty channel fails only when it is paid for.
    empty = [split for split in SPLITS if not volume.splits.get(split)]
    if empty:
        raise InvalidRunSpecError(
            f"dataset: the data set has no {' and no '.join(empty)} rows. Give it a file, or a "
            f"{' and a '.join(f'{split}_fraction' for split in empty if split != 'train')} above "
            "0. Nothing was spent."
        )


def _offer(instance_type: str, run: Run, region: str, prices: PriceCatalogue) -> Offer:
    return offer_of(
        prices,
        region,
        instance_type=instance_type,
        instance_count=run.spec.training.instance_count,
        volume_gib=run.spec.training.volume_gib,
    )


def _price(price: Price) -> PlannedPrice:
    return PlannedPrice.model_validate(asdict(price))


def _warnings(offer: Offer, expected: Estimate, max_runtime_seconds: int) -> tuple[str, ...]:
    warnings = []
    if expected.seconds is not None and expected.seconds > max_runtime_seconds:
        warnings.append(
            f"The training is expected to need {expected.seconds} seconds and may take "
            f"{max_runtime_seconds}: it will probably be stopped at its limit."
        )
    if expected.warning:
        warnings.append(expected.warning)
    if offer.rate.component != "Training":
        warnings.append(
            f"The rate is that of component {offer.rate.component}, which training usually "
            "shares; `make prices` reads the training rate."
        )
    if offer.storage.is_upper_bound:
        warnings.append(
            f"The price of ML storage in {offer.storage.region} is not known; an upper bound of "
            f"{offer.storage.usd} USD for a GB a month is used."
        )
    return tuple(warnings)
