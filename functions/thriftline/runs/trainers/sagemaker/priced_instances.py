"""Instances of one type at their price: what their seconds cost, and how many fit into dollars.

What may come on top of a limit: a job that reaches it gets ``STOP_GRACE_SECONDS`` to stop and then
uploads, and SageMaker bills to the end of that. A warm pool is billed after the job at the same
rates, for as long as it is kept.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import UnknownInstanceTypeError, UnpricedInstanceError
from thriftline.money.instances import has_local_storage
from thriftline.money.prices import WARM_POOL, Price, PriceCatalogue, near_matches
from thriftline.money.settlement import Charge
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.trainers.sagemaker.data_input import COPIED, DataInput
from thriftline.runs.trainers.sagemaker.express_fees import ExpressFees

STOP_GRACE_SECONDS = 120
# A model of 15 GB at 50 MB a second; SageMaker limits the upload after a stop only by days.
UPLOAD_GRACE_SECONDS = 300
# Less is not worth an instance: it is gone before the image is there.
SHORTEST_ATTEMPT_SECONDS = 60
_SECONDS_PER_HOUR = Decimal(3600)
# AWS bills storage by the month of 730 hours.
_SECONDS_PER_MONTH = 730 * _SECONDS_PER_HOUR


@dataclass(frozen=True)
class PricedInstances:
    """Instances of one type with their storage, at the prices of one region.

    ``kept_seconds`` is how long a job's instances are kept warm after it, at the most, and
    ``kept_storage`` the price of their volumes meanwhile, that of ``storage`` where it is None.
    ``data`` is how they read the data, and ``express`` what that costs from a directory bucket.
    """

    instance_type: str
    instance_count: int
    rate: Price
    volume_gib: int
    storage: Price
    kept_seconds: int = 0
    kept_storage: Price | None = None
    data: DataInput = COPIED
    express: ExpressFees | None = None

    @property
    def usd_per_second(self) -> Decimal:
        """Instances and storage together, at the most."""
        return self.most_usd(1)

    @property
    def stop_grace_usd(self) -> Decimal:
        """What may come on top of a limit."""
        return round_up(self.most_usd(STOP_GRACE_SECONDS))

    @property
    def upload_grace_usd(self) -> Decimal:
        """What the upload after a stop may cost."""
        return round_up(self.most_usd(UPLOAD_GRACE_SECONDS))

    @property
    def kept_usd(self) -> Decimal:
        """What the warm pool costs at the most, exactly; it does not grow with the job."""
        return self.most_kept_usd(self.kept_seconds)

    @property
    def fixed_usd(self) -> Decimal:
        """What does not grow with the job, at the most, exactly."""
        return self.kept_usd + self.most_express_usd

    @property
    def most_express_usd(self) -> Decimal:
        """What the data cost in a directory bucket at the most, exactly; 0 for none there."""
        return self.express.most_usd(self.instance_count) if self.express else Decimal(0)

    def _likely_express_usd(self, seconds: int) -> Decimal:
        if self.express is None:
            return Decimal(0)
        return self.express.likely_usd(self.instance_count, seconds)

    def most_kept_usd(self, seconds: int) -> Decimal:
        """What ``seconds`` of the warm pool cost at the most, exactly."""
        return self._kept.most_usd(seconds)

    @property
    def _kept(self) -> "PricedInstances":
        """The instances as they are kept after a job."""
        return replace(self, storage=self.kept_storage or self.storage)

    def instance_usd(self, seconds: int) -> Decimal:
        """What the instances cost, exactly."""
        return self.rate.usd * self.instance_count * seconds / _SECONDS_PER_HOUR

    def storage_usd(self, seconds: int) -> Decimal:
        """What the storage costs, exactly.

        Types with NVMe volumes get none and are billed none; it is some cents, and stays in so
        that no list of types can make a worst case too low.
        """
        return (
            self.storage.usd * self.volume_gib * self.instance_count * seconds / _SECONDS_PER_MONTH
        )

    def charges(self, seconds: int, retained_seconds: int = 0) -> tuple[Charge, ...]:
        """Returns the rows of a bill; what was kept warm afterwards costs the same rates.

        Types with volumes of their own get no storage and are billed none.
        """
        rows = [self._instance_charge("instances", seconds)]
        if not has_local_storage(self.instance_type):
            rows.append(self._storage_charge("storage", seconds))
        if retained_seconds:
            kept = self._kept.charges(retained_seconds)
            rows += [replace(row, what=f"warm pool {row.what}") for row in kept]
        return tuple(rows)

    def _instance_charge(self, what: str, seconds: int) -> Charge:
        usd = self.instance_usd(seconds)
        return Charge(what, seconds, self.instance_count, self.rate.usd, self.rate.unit, usd)

    def _storage_charge(self, what: str, seconds: int) -> Charge:
        units = self.volume_gib * self.instance_count
        usd = self.storage_usd(seconds)
        return Charge(what, seconds, units, self.storage.usd, self.storage.unit, usd)

    def worst_case_usd(self, seconds: int) -> Decimal:
        """What a job of ``seconds`` costs at the most, with all else, rounded up to cents."""
        return round_up(self.most_usd(seconds) + self.fixed_usd)

    def most_usd(self, seconds: int) -> Decimal:
        """What ``seconds`` cost at the most, where a rate stands in for another."""
        return self.instance_usd(seconds) * (1 + self.rate.margin) + self.storage_usd(seconds) * (
            1 + self.storage.margin
        )

    def expected_usd(self, seconds: int) -> Decimal:
        """What a job of ``seconds`` is billed, rounded up to cents, with all of its pool's time."""
        kept = self._kept.billed_usd(self.kept_seconds)
        return round_up(self.billed_usd(seconds) + kept + self._likely_express_usd(seconds))

    def least_usd(self, seconds: int) -> Decimal:
        """What it is billed where the next job takes over its instances at once."""
        return round_up(self.billed_usd(seconds) + self._likely_express_usd(seconds))

    def billed_usd(self, seconds: int) -> Decimal:
        """What ``seconds`` are billed, exactly; types with NVMe volumes have no storage."""
        if has_local_storage(self.instance_type):
            return self.instance_usd(seconds)
        return self.usd(seconds)

    def usd(self, seconds: int) -> Decimal:
        """What ``seconds`` of all instances cost, exactly."""
        return self.instance_usd(seconds) + self.storage_usd(seconds)

    def seconds_within(self, usd: Decimal) -> int:
        """Returns the most seconds of a job that, with all else, surely cost no more."""
        left = usd - self.fixed_usd
        # Division rounds, up or down: the quotient may be one second off either way.
        seconds = max(0, int(left / self.usd_per_second) + 1)
        while seconds > 0 and self.most_usd(seconds) > left:
            seconds -= 1
        return seconds


def require_known(instance_type: str, known: frozenset[str]) -> None:
    """Checks a type against the API's own list.

    Raises:
        UnknownInstanceTypeError: with the names most like it.
    """
    if instance_type in known:
        return
    raise UnknownInstanceTypeError(
        f"training.instance_type: SageMaker trains on no instance called {instance_type}."
        f"{_did_you_mean(near_matches(instance_type, known))} Nothing was spent."
    )


def priced(
    catalogue: PriceCatalogue,
    region: str,
    *,
    instance_type: str,
    instance_count: int,
    volume_gib: int,
    kept_seconds: int = 0,
) -> PricedInstances:
    """Returns a type at its price.

    Raises:
        UnpricedInstanceError: with types and regions that have a price.
    """
    rate = catalogue.training_rate(instance_type, region)
    if rate is None:
        near = near_matches(instance_type, catalogue.priced_types(region))
        regions = ", ".join(catalogue.priced_regions(instance_type))
        elsewhere = f" It has a price in {regions}." if regions else ""
        raise UnpricedInstanceError(
            f"training.instance_type: the price catalogue has no rate for {instance_type} in "
            f"{region}, and Thriftline runs nothing without a "
            f"price.{_did_you_mean(near)}{elsewhere} "
            "Nothing was spent. `make prices` refreshes the catalogue."
        )
    return PricedInstances(
        instance_type,
        instance_count,
        rate,
        volume_gib,
        catalogue.storage_rate(region),
        kept_seconds,
        catalogue.storage_rate(region, WARM_POOL) if kept_seconds else None,
    )


def _did_you_mean(names: Sequence[str]) -> str:
    return f" Did you mean {' or '.join(names)}?" if names else ""
