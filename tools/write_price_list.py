"""Writes ``local_aws/services/price_list.jsonl``: a price list in the form of AWS's, for tests.

Its rates of SageMaker are those of the price catalogue; those that the catalogue lacks (EC2's, of
Spot, of warm pools, of some storage) are made up, and the list's ``version`` says so. ``make docs``
runs this; a test holds the file equal to it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from thriftline.money.price_catalogue import price_catalogue

FILE = Path(__file__).parents[1] / "local_aws" / "services" / "price_list.jsonl"
_CODES = {"us-east-1": "USE1", "eu-west-1": "EUW1"}
_PLACES = {"us-east-1": "US East (N. Virginia)", "eu-west-1": "EU (Ireland)"}
_USAGES = {"Training": "Train", "Hosting": "Host", "Processing": "Processing", "Notebook": "Notebk"}
# SageMaker's rate by EC2's of the same hardware.
_MARKUP = Decimal("1.25")


def lines() -> Iterator[str]:
    """Yields a product a line."""
    for region in _CODES:
        for product in _products(region):
            yield json.dumps(product, sort_keys=True)


def _products(region: str) -> Iterator[dict[str, Any]]:
    yield from _instances(region)
    yield from _oddities(region)
    yield from _volumes(region)
    yield from _others(region)


def _types(region: str) -> list[str]:
    """Returns all types of the first region, which fill two pages, and some of the others."""
    types = sorted(price_catalogue().priced_types(region))
    few = ("ml.g5.x", "ml.g5.2", "ml.g6.x", "ml.g4dn.x", "ml.m5.")
    return types if region == "us-east-1" else [one for one in types if one.startswith(few)]


def _instances(region: str) -> Iterator[dict[str, Any]]:
    prices = price_catalogue()
    for name in _types(region):
        for component, usage in _USAGES.items():
            if component in {"Processing", "Notebook"} and not name.startswith(("ml.m5", "ml.t2")):
                continue
            price = prices.instance_rate(component, name, region)
            if price is not None:
                yield _ml(region, component, f"{usage}:{name}", name, price.usd)
                ec2 = round(price.usd / _MARKUP, 4)
        yield _ec2(region, name.removeprefix("ml."), ec2)


def _oddities(region: str) -> Iterator[dict[str, Any]]:
    """What lies beside the rows that are meant, under the same name."""
    prices = price_catalogue()
    for name in _types(region):
        price = prices.training_rate(name, region)
        if price is not None and name.startswith(("ml.g", "ml.m5")):
            yield _ml(region, "Training", f"TrainWarmPool:{name}", name, price.usd)
            yield _ml(region, "SpotTraining", f"SpotTrain:{name}", name, price.usd)
    usage = "Train:ml.m5.large"
    yield _ml(region, "Training", usage, "ml.m5.large", Decimal("9.9"), locationType="AWS Outposts")
    yield _ml(region, "Training", "Train:FreeTier", "NA", Decimal(0), instanceType="NA")


def _volumes(region: str) -> Iterator[dict[str, Any]]:
    usd = Decimal("0.14") if region == "us-east-1" else Decimal("0.154")
    for component, usage in _USAGES.items():
        yield _product(
            region,
            "AmazonSageMaker",
            "ML Storage",
            f"{usage}:VolumeUsage.gp2",
            "GB-Mo",
            [("0", usd)],
            volumeType=f"General Purpose-{component}",
        )


def _others(region: str) -> Iterator[dict[str, Any]]:
    objects = {"TimedStorage-SIA-ByteHrs": "0.0125", "TimedStorage-GDA-ByteHrs": "0.00099"}
    tiers = [("0", Decimal("0.023")), ("51200", Decimal("0.022")), ("512000", Decimal("0.021"))]
    yield _product(region, "AmazonS3", "Storage", "TimedStorage-ByteHrs", "GB-Mo", tiers)
    for usage, usd in objects.items():
        yield _product(region, "AmazonS3", "Storage", usage, "GB-Mo", [("0", Decimal(usd))])
    emr = {"vCPUHours": "0.052624", "MemoryGBHours": "0.0057785", "StorageGBHours": "0.000111"}
    for usage, usd in emr.items():
        name = f"EMR-SERVERLESS-{usage}"
        family = "Elastic Map Reduce Serverless"
        yield _product(region, "ElasticMapReduce", family, name, "Hours", [("0", Decimal(usd))])
    yield _product(
        region,
        "AmazonFSx",
        "Storage",
        "Lustre:StorageUsage-SSD-125",
        "GB-Mo",
        [("0", Decimal("0.15"))],
        fileSystemType="Lustre",
        deploymentOption="Single-AZ",
        storageType="SSD",
        throughputCapacity="125",
    )
    yield _product(
        region,
        "AWSDataTransfer",
        "Data Transfer",
        "DataTransfer-Out-Bytes",
        "GB",
        [("0", Decimal("0.09")), ("10240", Decimal("0.085"))],
        fromLocationType="AWS Region",
        toLocation="External",
    )
    budget = [("0", Decimal(0)), ("62", Decimal("0.10"))]
    yield _product(region, "AWSBudgets", "AWS Budgets", "ActionEnabled", "Day", budget)
    if region == "us-east-1":
        bedrock = {
            "NovaMicro-Customization-Training": ("1K tokens", "0.001"),
            "Nova2.0Lite-Customization-Training": ("1K tokens", "0.00378"),
            "Nova2.0Lite-input-tokens-custom-model": ("1K tokens", "0.0003"),
            "Nova2.0Lite-output-tokens-custom-model": ("1K tokens", "0.0025"),
            "NovaMicro-Customization-Storage": ("Months", "1.95"),
            "Nova2.0Lite-Customization-Storage": ("Months", "1.95"),
            "Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits": ("hour", "60.5"),
        }
        for usage, (unit, usd) in bedrock.items():
            family = "Amazon Bedrock"
            yield _product(region, "AmazonBedrock", family, usage, unit, [("0", Decimal(usd))])


def _ml(
    region: str, component: str, usage: str, name: str, usd: Decimal, **attributes: str
) -> dict[str, Any]:
    # Rows of one list write the type in either way.
    old = name.startswith(("ml.m5", "ml.g5"))
    return _product(
        region,
        "AmazonSageMaker",
        "ML Instance",
        usage,
        "Hrs",
        [("0", usd)],
        **{
            "platoinstancetype": component,
            "component": component.removeprefix("Spot"),
            "instanceType": f"{name}-{component}" if old else name,
            **({} if name.startswith("ml.c5") else {"instanceName": name}),
            **attributes,
        },
    )


def _ec2(region: str, name: str, usd: Decimal) -> dict[str, Any]:
    return _product(
        region,
        "AmazonEC2",
        "Compute Instance",
        f"BoxUsage:{name}",
        "Hrs",
        [("0", usd)],
        instanceType=name,
        operatingSystem="Linux",
        tenancy="Shared",
        preInstalledSw="NA",
        capacitystatus="Used",
    )


def _product(
    region: str,
    service: str,
    family: str,
    usage: str,
    unit: str,
    tiers: list[tuple[str, Decimal]],
    **attributes: str,
) -> dict[str, Any]:
    told = {
        "regionCode": region,
        "location": _PLACES[region],
        "locationType": "AWS Region",
        "servicecode": service,
        "usagetype": f"{_CODES[region]}-{usage}",
        **attributes,
    }
    sku = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16].upper()
    return {
        "product": {"productFamily": family, "sku": sku, "attributes": told},
        "serviceCode": service,
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": _offer(sku, unit, tiers)}},
        "version": "made-up-for-local-aws",
        "publicationDate": "2026-11-29T00:00:00Z",
    }


def _offer(sku: str, unit: str, tiers: list[tuple[str, Decimal]]) -> Mapping[str, Any]:
    ends = [begins for begins, _ in tiers[1:]] + ["Inf"]
    return {
        "sku": sku,
        "offerTermCode": "JRTCKXETXF",
        "priceDimensions": {
            f"{sku}.JRTCKXETXF.{index:010d}": {
                "unit": unit,
                "beginRange": begins,
                "endRange": end,
                "description": f"${usd} per {unit}",
                "appliesTo": [],
                "pricePerUnit": {"USD": f"{usd:.10f}"},
            }
            for index, ((begins, usd), end) in enumerate(zip(tiers, ends, strict=True))
        },
        "termAttributes": {},
    }


if __name__ == "__main__":
    FILE.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
