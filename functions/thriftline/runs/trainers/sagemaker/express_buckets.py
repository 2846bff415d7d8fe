"""Directory buckets of S3 Express One Zone that a run reads its data from: checked, advised on.

The step that writes the splits to the artifacts bucket writes them there too, since nothing else
of a run may lie there: a directory bucket sends no events and keeps no versions, so that no data
set in it can start a run. The bucket is never made or deleted.
"""

import re
from collections.abc import Collection
from typing import Any, Protocol

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import InvalidRunSpecError
from thriftline.money.prices import Price, PriceCatalogue
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.trainers.sagemaker.expected_time import Workload
from thriftline.runs.trainers.sagemaker.express_fees import (
    READ,
    STORAGE,
    UPLOAD,
    ExpressFees,
    gigabytes_of,
    kept_seconds,
)
from thriftline.runs.trainers.sagemaker.file_systems import Network

UNSEEN_BUCKET = (
    "An estimate asks no account: whether the directory bucket of training.input exists, and "
    "whether the stack may write to it, is looked up before a run."
)
_INSTEAD = "or take training.input out, so that the data are streamed from S3. Nothing was spent."
_ZONE = re.compile(r".*--(?P<zone>(?P<region>[a-z]+[0-9]+)-az[0-9]+)--x-s3")
# The parts of a region's name as the ids of its zones have them.
_SHORT = {
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "north": "n",
    "east": "e",
    "south": "s",
    "west": "w",
    "central": "c",
    "gov": "g",
}
_HIDDEN = {"403", "404", "AccessDenied", "NoSuchBucket", "NotFound"}


class DirectoryBucketClient(Protocol):
    """What is asked of S3's client."""

    def head_bucket(self, *, Bucket: str) -> Any:  # S3 calls it so
        """Returns where the bucket is, or raises."""


def is_there(client: DirectoryBucketClient, bucket: str) -> bool:
    """Whether the bucket exists and may be read; S3 does not always say which of the two it is."""
    with translated(f"looking at the directory bucket {bucket}"):
        try:
            client.head_bucket(Bucket=bucket)
        except ClientError as error:
            if code_of(error) in _HIDDEN:
                return False
            raise
    return True


def zone_of(bucket: str) -> str:
    """Returns the id of the zone in a directory bucket's name."""
    found = _ZONE.fullmatch(bucket)
    return found["zone"] if found else ""


def require_region(bucket: str, region: str) -> None:
    """Checks that the bucket is of the stack's region, by the id of its zone.

    Raises:
        InvalidRunSpecError: it is of another, where no job of this stack can read it.
    """
    found = _ZONE.fullmatch(bucket)
    if found and found["region"] == _short(region):
        return
    raise InvalidRunSpecError(
        f"training.input: the bucket {bucket} lies in the zone {zone_of(bucket)}, and this stack's "
        f"jobs run in {region}, whose zones are called {_short(region)}-az1 and so on. Name a "
        f"directory bucket of this region, {_INSTEAD}"
    )


def _short(region: str) -> str:
    """Returns how the ids of zones abbreviate a region: ``use1`` for ``us-east-1``."""
    area, *rest, number = region.split("-")
    return "".join((area, *(_SHORT.get(one, one) for one in rest), number))


def require_allowed(bucket: str, named: Collection[str]) -> None:
    """Checks that the stack may use the bucket.

    Raises:
        InvalidRunSpecError: its parameter does not name it, so no role may open it.
    """
    if bucket in named:
        return
    has = f"it names {', '.join(named)}" if named else "it names none"
    raise InvalidRunSpecError(
        f"training.input: this stack may not use the bucket {bucket}: {has} in its parameter "
        f"TrainingExpressBuckets. Add it there, {_INSTEAD}"
    )


def require_there(bucket: str, *, found: bool) -> None:
    """Checks what a look at the bucket found.

    Raises:
        InvalidRunSpecError: there is no such bucket for this stack.
    """
    if found:
        return
    raise InvalidRunSpecError(
        f"training.input: the directory bucket {bucket} is not in this account and region, or its "
        f"policy keeps this stack out (s3express:CreateSession). Make it or open it, {_INSTEAD}"
    )


def fees_of(
    bucket: str,
    workload: Workload | None,
    catalogue: PriceCatalogue,
    region: str,
    longest_seconds: int,
) -> ExpressFees:
    """Returns what the data cost there; ``longest_seconds`` is an attempt with its wait.

    Raises:
        InvalidRunSpecError: it cannot be said, and nothing is run without a price.
    """
    if workload is None:
        raise InvalidRunSpecError(
            "training.input: the volume of the data is not known, so what S3 Express One Zone "
            f"bills for it is not either. Upload the data set again, {_INSTEAD}"
        )
    likely, most = gigabytes_of(workload)
    return ExpressFees(
        bucket=bucket,
        gigabytes=likely,
        most_gigabytes=most,
        upload=_price(catalogue.object_transfer.rate(UPLOAD, region), region),
        read=_price(catalogue.object_transfer.rate(READ, region), region),
        storage=_price(catalogue.objects.rate(STORAGE, region), region),
        kept_seconds=kept_seconds(longest_seconds),
    )


def _price(found: Price | None, region: str) -> Price:
    if found is not None:
        return found
    raise InvalidRunSpecError(
        f"training.input: the price catalogue has no rates of S3 Express One Zone in {region}, and "
        "Thriftline runs nothing without a price. Add them to data/prices.json (object_transfer "
        f"and object_storage), {_INSTEAD}"
    )


def advice(fees: ExpressFees, instances: int, network: Network | None) -> str:
    """Returns what the bucket costs the run against streaming, which costs nothing."""
    zone = zone_of(fees.bucket)
    where = (
        f"The subnets of TrainingSubnetIds should lie in its zone, {zone}, and their VPC needs the "
        "gateway endpoint of s3express"
        if network and network.subnet_ids
        else f"SageMaker chooses the zone of the instances; from another than {zone} the bucket is "
        "read all the same, more slowly"
    )
    return (
        f"S3 Express One Zone loses here: {fees.gigabytes:,.1f} GB cost "
        f"{round_up(fees.upload_usd)} USD to write, {round_up(fees.read_usd(instances))} USD each "
        f"time they are read and {round_up(fees.usd_per_day)} USD a day, and up to "
        f"{round_up(fees.most_usd(instances))} USD are held for that. The data are read once from "
        "start to end, and streaming them from the artifacts bucket (mode: fast_file) costs "
        f"nothing. {where}."
    )
