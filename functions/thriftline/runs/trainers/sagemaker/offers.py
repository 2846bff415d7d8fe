"""One piece of work, priced on one choice of instances after another."""

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.money.instances import gpus_of
from thriftline.money.prices import PriceCatalogue
from thriftline.money.spot_advisor import SpotMarket
from thriftline.runs.domain.quotes import Candidate, Expectation, Rung
from thriftline.runs.domain.tokens import mean_tokens
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.sagemaker.documents import TrainingChoices, terms_of
from thriftline.runs.trainers.sagemaker.estimate import Job, estimate
from thriftline.runs.trainers.sagemaker.expected_time import JobTerms, Workload
from thriftline.runs.trainers.sagemaker.express_buckets import fees_of
from thriftline.runs.trainers.sagemaker.express_fees import ExpressFees
from thriftline.runs.trainers.sagemaker.fitting import misfit
from thriftline.runs.trainers.sagemaker.input_checks import InputChecks, InputSources
from thriftline.runs.trainers.sagemaker.input_choice import (
    LEAST_VOLUME_GIB,
    Place,
    data_input,
    volume_for,
)
from thriftline.runs.trainers.sagemaker.lessons import Lesson, lessons, work_document
from thriftline.runs.trainers.sagemaker.priced_instances import (
    PricedInstances,
    priced,
    require_known,
)
from thriftline.runs.trainers.sagemaker.refused_types import require_trainable
from thriftline.runs.trainers.sagemaker.runtime_limit import LONGEST_SECONDS, runtime_limit
from thriftline.runs.trainers.sagemaker.training_plans import (
    TrainingPlan,
    prepaid,
    prepaid_unseen,
    shortened_warning,
    unseen_warning,
)

NAME = "sagemaker"
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class PriceSources:
    """Where prices and names come from; ``known_types`` are those of the API's own list.

    ``market_of`` says what is known of a type on EC2's Spot market now. ``image_gb``
    is the size of the training image, None where it is not known. ``plan_of`` looks a training plan
    up, and is None where no account is asked. ``inputs`` look up what the data may be read through.
    """

    catalogue: Callable[[], PriceCatalogue]
    known_types: Callable[[], frozenset[str]]
    region: str
    market_of: Callable[[str], SpotMarket | None] = lambda _: None
    image_gb: Callable[[], float | None] = lambda: None
    plan_of: Callable[[str], TrainingPlan | None] | None = None
    inputs: InputSources = field(default_factory=InputSources)


class Offers:
    """What the work of a run takes and costs on any choice of instances, Spot or on demand."""

    def __init__(self, work: TrainingWork, choices: TrainingChoices, sources: PriceSources) -> None:
        self._work = work
        self._choices = choices
        self._sources = sources

    def instances_for(
        self, instance_type: str, instance_count: int | None = None
    ) -> PricedInstances:
        """Returns instances at their price; as many as run.yaml wants, unless a count is given.

        Raises:
            UnknownInstanceTypeError: SageMaker has no such type.
            UnpricedInstanceError: the catalogue has no rate for it here.
            InvalidRunSpecError: the training plan of run.yaml cannot take them, or the training
                program does not run there.
        """
        require_trainable(instance_type, self._catalogue, self._sources.region)
        require_known(instance_type, self._sources.known_types())
        found = self._with_data(
            priced(
                self._catalogue,
                self._sources.region,
                instance_type=instance_type,
                instance_count=instance_count or self._choices.instance_count,
                volume_gib=self._choices.volume_gib or LEAST_VOLUME_GIB,
                kept_seconds=self._choices.keep_alive_seconds,
            )
        )
        arn = self._choices.training_plan
        if arn is None or instance_type != self._choices.instance_type:
            return found
        if self._sources.plan_of is None:
            return prepaid_unseen(found, arn)
        return prepaid(found, arn, self._plan)

    def _with_data(self, instances: PricedInstances) -> PricedInstances:
        """Says how they read the data, and sizes their volumes where run.yaml leaves that open."""
        place = Place(instances.instance_type, instances.instance_count, instances.rate.usd)
        wanted, encoder = self._choices.volume_gib, self._work.encoder
        how = data_input(self._choices.input.mode, place, self.workload, encoder, wanted)
        found = replace(
            instances, data=how, volume_gib=wanted or volume_for(self.workload, encoder, how)
        )
        return replace(found, express=self._express_fees(found))

    def _express_fees(self, instances: PricedInstances) -> ExpressFees | None:
        """Returns what the data cost in the directory bucket that run.yaml names, if it does."""
        choices, bucket = self._choices, self._choices.input.bucket
        if bucket is None:
            return None
        needed = self.expected(instances, LONGEST_SECONDS, spot=False)
        longest = choices.max_runtime_seconds or (
            needed.high.seconds if needed.high else LONGEST_SECONDS
        )
        longest = max(longest, choices.max_wait_seconds or 0)
        return fees_of(bucket, self.workload, self._catalogue, self._sources.region, longest)

    def has_price(self, instance_type: str) -> bool:
        """Whether the catalogue has a rate for a type here."""
        return self._catalogue.training_rate(instance_type, self._sources.region) is not None

    def candidate(self, instances: PricedInstances, *, spot: bool) -> Candidate:
        """Returns a choice as it stands in the table of the plan."""
        found = gpus_of(instances.instance_type)
        limit = self.limit(instances, spot=spot)
        expected = self.expected(instances, limit, spot=spot)
        return Candidate(
            name=instances.instance_type,
            rate=instances.rate,
            worst_case_usd=instances.worst_case_usd(limit),
            expected=expected,
            details={
                "gpu": found[0].name if found else None,
                "gpu_count": found[1] * instances.instance_count if found else None,
                "max_runtime_seconds": limit,
            },
            has_time=expected.seconds is None or expected.seconds <= limit,
        )

    def rung(self, instances: PricedInstances, *, spot: bool) -> Rung:
        """Returns a choice as a step of the ladder."""
        limit = self.limit(instances, spot=spot)
        market = "Spot" if spot else "prepaid" if self._choices.training_plan else "on demand"
        kept = f", kept warm for {instances.kept_seconds:,} s" if instances.kept_seconds else ""
        return Rung(
            name=f"{instances.instance_count} x {instances.instance_type}, {market}{kept}",
            rate=instances.rate,
            worst_case_usd=instances.worst_case_usd(limit),
            stop_grace_usd=instances.stop_grace_usd,
            upload_grace_usd=instances.upload_grace_usd,
            fixed_usd=instances.fixed_usd,
            terms=terms_of(
                self._choices.model_copy(update={"spot": spot}),
                instances,
                limit,
                self._plan.ends_at if self._plan else None,
            ),
        )

    def limit(self, instances: PricedInstances, *, spot: bool) -> int:
        """Returns the run time limit of a job on them, in seconds."""
        wanted = self.wanted_limit(instances, spot=spot)
        left = None
        if self._plan is not None and instances.instance_type == self._choices.instance_type:
            left = self._plan.seconds_left
        return wanted if left is None else min(wanted, left)

    def wanted_limit(self, instances: PricedInstances, *, spot: bool) -> int:
        """Returns the run time limit that a job has where no training plan ends before."""
        if self._choices.max_runtime_seconds is not None:
            return self._choices.max_runtime_seconds
        needed = self.expected(instances, LONGEST_SECONDS, spot=spot)
        limit = runtime_limit(needed, self.seconds_within_cap(instances))
        return min(limit, self._choices.max_wait_seconds or limit)

    def seconds_within_cap(self, instances: PricedInstances) -> int:
        """Returns the most seconds of them that the run's cap pays for."""
        # A worst case is whole cents, rounded up.
        return instances.seconds_within(self._work.cap_usd.quantize(_CENT, rounding=ROUND_FLOOR))

    def expected(self, instances: PricedInstances, limit: int, *, spot: bool) -> Expectation:
        """Returns what the work probably takes and costs on them within a limit."""
        if why := misfit(instances, self.workload, self._work.encoder):
            return Expectation(None, None, f"Not estimated: it does not fit. {why}")
        job = Job(
            workload=self.workload,
            encoder=self._work.encoder,
            base_model=self._work.base_model,
            terms=JobTerms(spot=spot, image_gb=self._image_gb, copied=instances.data.is_copied),
            lessons=self.lessons,
        )
        return estimate(instances, job, max_runtime_seconds=limit)

    @cached_property
    def lessons(self) -> tuple[Lesson, ...]:
        """The project's finished runs."""
        return lessons(self._work.finished, NAME)

    @property
    def work_document(self) -> Mapping[str, Any]:
        """The work as later runs read it, to learn from this one."""
        return work_document(self.workload, self._work.encoder)

    @cached_property
    def workload(self) -> Workload | None:
        """What is trained and evaluated on, None where the length of the texts is not known."""
        work = self._work
        if work.mean_characters is None:
            return None
        max_length = int(str(work.hyperparameters["max_length"]))
        tokens = mean_tokens(work.mean_characters, max_length)
        return Workload(
            train_rows=work.splits.get("train", 0),
            validation_rows=work.splits.get("validation", 0),
            test_rows=work.splits.get("test", 0),
            mean_characters=work.mean_characters,
            epochs=work.chosen.epochs,
            batch_tokens=work.chosen.tokens_of_step(tokens),
            max_length=max_length,
            has_champion=work.champion is not None and work.champion.if_of(NAME) is not None,
            search=work.search,
            is_frozen=work.chosen.method == "linear_head",
            is_read_first=work.chosen.method == "head_first",
        )

    @cached_property
    def _image_gb(self) -> float | None:
        return self._sources.image_gb()

    @cached_property
    def _catalogue(self) -> PriceCatalogue:
        return self._sources.catalogue()

    @property
    def plan(self) -> TrainingPlan | None:
        """The training plan that the run is on, as far as it was looked up."""
        return self._plan

    def plan_warnings(self, instances: PricedInstances) -> tuple[str, ...]:
        """Says what a person should know of the training plan that the run is on."""
        arn = self._choices.training_plan
        if arn is None:
            return ()
        if self._plan is None:
            return (unseen_warning(instances, arn),)
        said = shortened_warning(self._plan, self.wanted_limit(instances, spot=False))
        return (said,) if said else ()

    def require_input(self) -> None:
        """Checks the file system, or the directory bucket, that run.yaml names.

        Raises:
            InvalidRunSpecError: the run cannot read its data through it.
        """
        self._input.require()

    def input_warnings(self, instances: PricedInstances) -> tuple[str, ...]:
        """Says what the way that run.yaml names costs against the others."""
        return self._input.warnings(instances, self.workload)

    @cached_property
    def _input(self) -> InputChecks:
        sources = self._sources
        return InputChecks(self._choices.input, sources.inputs, sources.region)

    @cached_property
    def _plan(self) -> TrainingPlan | None:
        arn, plan_of = self._choices.training_plan, self._sources.plan_of
        return plan_of(arn) if arn and plan_of else None
