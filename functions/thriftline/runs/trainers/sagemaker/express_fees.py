"""What S3 Express One Zone bills a run that reads its data from a directory bucket.

S3 says of no run what it was billed for it. So the hold has a figure that the data cannot pass, and
what is settled is reckoned from the data, the starts of the jobs and the time that they took.
"""

from collections.abc import Iterator
from decimal import Decimal
from math import ceil

from thriftline.core.dataclass import dataclass
from thriftline.money.prices import Price
from thriftline.money.settlement import Charge
from thriftline.runs.trainers.sagemaker.expected_time import Workload

UPLOAD, READ, STORAGE = "S3 Express upload", "S3 Express read", "ExpressOneZoneStorage"
# A character has at most four bytes; a line holds names of file and label too.
_MOST_BYTES_PER_CHARACTER = 4
_MOST_BYTES_PER_RECORD = 512
_BYTES_PER_RECORD = 100
# The test split is read by the champion too. Two attempts, each interrupted three times, are eight
# starts; a job is given up after so many where another rung can go on.
_MOST_READS_PER_START = 2
MOST_STARTS = 8
_DAY_SECONDS = 86_400
_MONTH_SECONDS = 730 * 3600
_GB = Decimal(10**9)


@dataclass(frozen=True)
class ExpressFees:
    """The data of a run in a directory bucket, at its prices.

    ``gigabytes`` is what they probably are, ``most_gigabytes`` what they are at the most.
    ``kept_seconds`` is how long they may lie there until the run is cleaned up.
    """

    bucket: str
    gigabytes: Decimal
    most_gigabytes: Decimal
    upload: Price
    read: Price
    storage: Price
    kept_seconds: int

    def most_usd(self, instances: int) -> Decimal:
        """What all of it costs at the most, exactly."""
        reads = self.read.usd * _MOST_READS_PER_START * MOST_STARTS * instances
        kept = self.storage.usd * self.kept_seconds / _MONTH_SECONDS
        return self.most_gigabytes * (self.upload.usd + reads + kept)

    def likely_usd(self, instances: int, seconds: int) -> Decimal:
        """What one job of ``seconds`` that is never interrupted probably costs, exactly."""
        charges = self.charges(instances, starts=1, seconds=seconds, is_first=True)
        return sum((one.usd for one in charges), Decimal(0))

    @property
    def usd_per_day(self) -> Decimal:
        """What the data cost a day for being there."""
        return self._kept_usd(_DAY_SECONDS)

    @property
    def upload_usd(self) -> Decimal:
        """What writing the data once costs."""
        return self.gigabytes * self.upload.usd

    def read_usd(self, readers: int) -> Decimal:
        """What reading the data by so many instances costs."""
        return self.gigabytes * self.read.usd * readers

    def charges(
        self, instances: int, *, starts: int, seconds: int, is_first: bool
    ) -> tuple[Charge, ...]:
        """Returns the rows of an attempt's bill.

        Args:
            instances: how many read the data.
            starts: how often they began to, interruptions included.
            seconds: from the time that the job was asked for until its end.
            is_first: whether it is the run's first attempt, which the upload belongs to.
        """
        return tuple(self._charges(instances * starts, seconds, is_first=is_first))

    def _charges(self, readers: int, seconds: int, *, is_first: bool) -> Iterator[Charge]:
        if is_first:
            yield self._charge("S3 Express upload", self.upload, 1, 0, self.upload_usd)
        if readers:
            yield self._charge("S3 Express reads", self.read, readers, 0, self.read_usd(readers))
        if seconds:
            kept = min(seconds, self.kept_seconds)
            usd = self._kept_usd(kept)
            yield self._charge("S3 Express storage", self.storage, 1, kept, usd)

    def _kept_usd(self, seconds: int) -> Decimal:
        return self.gigabytes * self.storage.usd * seconds / _MONTH_SECONDS

    def _charge(self, what: str, price: Price, times: int, seconds: int, usd: Decimal) -> Charge:
        gigabytes = ceil(self.gigabytes * times)
        return Charge(f"{what} (reckoned)", seconds, gigabytes, price.usd, price.unit, usd)


def gigabytes_of(workload: Workload) -> tuple[Decimal, Decimal]:
    """Returns the GB that the splits probably take as JSON Lines, and those at the most."""
    rows = workload.train_rows + workload.validation_rows + workload.test_rows
    likely = workload.data_bytes + rows * _BYTES_PER_RECORD
    most = workload.data_bytes * _MOST_BYTES_PER_CHARACTER + rows * _MOST_BYTES_PER_RECORD
    return Decimal(round(likely)) / _GB, Decimal(round(most)) / _GB


def kept_seconds(longest_seconds: int) -> int:
    """Returns how long the splits may lie there: two attempts in full, and a day for the rest."""
    return 2 * longest_seconds + _DAY_SECONDS
