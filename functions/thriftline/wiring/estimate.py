"""What a run of some files would cost, as a program: a request on stdin, an answer on stdout.

``python -m thriftline.wiring.estimate FOLDER`` writes ``estimate.json`` and ``estimate.html`` into
the folder; with ``--guides`` it prints what usual cases cost. No call leaves the machine;
AWS_REGION says which region's prices are taken.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client
from thriftline.core.errors import ThriftlineError
from thriftline.core.settings import Settings
from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.reports.estimate_page import estimate_page
from thriftline.runs.schemas.estimate import EstimateRequest, Guide
from thriftline.runs.steps.estimate_files import estimate_files
from thriftline.runs.trainers.sagemaker.guidance import guidance
from thriftline.runs.trainers.sagemaker.priced_instances import (
    PricedInstances,
    priced,
    require_known,
)
from thriftline.runs.trainers.sagemaker.training_instance_types import training_instance_types
from thriftline.wiring.preparation_quotes import quoting_engines, settings_of
from thriftline.wiring.quoters import quoters


def guides(region: str) -> tuple[Guide, ...]:
    """Returns the usual guidance at a region's prices.

    Raises:
        UnpricedInstanceError: the catalogue has no rate for one of its types there.
    """

    def instances_for(name: str) -> PricedInstances:
        require_known(name, training_instance_types())
        return priced(price_catalogue(), region, instance_type=name, instance_count=1, volume_gib=0)

    return tuple(
        Guide(
            name=one.profile.name,
            instance_type=one.profile.instance_type,
            least_hours=one.profile.hours[0],
            most_hours=one.profile.hours[1],
            low_usd=one.low_usd,
            high_usd=one.high_usd,
        )
        for one in guidance(instances_for)
    )


def estimate(folder: Path, request: str, region: str) -> None:
    """Writes both files.

    Raises:
        ThriftlineError: the run cannot be estimated; the message says why.
        ValidationError: the request is none.
    """
    now = datetime.now(UTC)
    asked = EstimateRequest.model_validate_json(request)
    # The bucket of a stack that is not there; a quote neither reads nor writes.
    nowhere = Bucket(client("s3"), "nowhere")
    document = estimate_files(
        asked,
        quoters=quoters(region, now.date()),
        engines=quoting_engines(settings_of(asked, region), nowhere),
        region=region,
        now=now,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "estimate.json").write_text(document.model_dump_json(indent=2), encoding="utf-8")
    (folder / "estimate.html").write_text(estimate_page(document), encoding="utf-8")


def main() -> int:
    """Returns 0 when all is written; 1 with the reason on stderr."""
    argument, region = sys.argv[1], Settings(os.environ).region
    try:
        if argument == "--guides":
            listed = [guide.model_dump(mode="json") for guide in guides(region)]
            sys.stdout.write(json.dumps(listed))
        else:
            estimate(Path(argument), sys.stdin.read(), region)
    except (ThriftlineError, ValidationError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
