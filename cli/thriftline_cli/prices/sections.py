"""What the refresh reads: each part of the catalogue is one spec, and all else asks the specs.

Which attributes SageMaker's rows carry was read in public copies of the list. Names that were not,
such as the usage type of a training job's volumes, are looked for in a form that may be wrong: an
empty answer is then an error that says so, and never last year's rate in silence.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from thriftline_cli.prices.products import Product

Name = Callable[[Product], str | None]
SAGEMAKER = "AmazonSageMaker"


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the catalogue.

    ``key`` is its place in the file, ``component`` the key below it, if any. ``name`` says what a
    product is called there, None for one that does not belong there. ``unit`` is how the list
    writes its unit, of which the catalogue's has ``factor``. What is ``expected`` has prices in
    every region, so that no answer is an error.
    """

    title: str
    key: str
    component: str = ""
    service: str = SAGEMAKER
    filters: Mapping[str, str] = field(default_factory=dict)
    name: Name
    unit: str
    factor: int = 1
    expected: bool = False
    by_region: bool = False
    """Whether the file has one price a region here and not one for each name."""


_ML_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")


def _instances(usage: str) -> Name:
    """Return the name of an instance type where the usage is this one, as bills have it.

    One type has several rows: on Spot, kept warm, on premises. Only the usage tells them apart.
    """
    pattern = re.compile(rf"{usage}:(?P<name>{_ML_TYPE.pattern})")

    def name(product: Product) -> str | None:
        if "Outposts" in product.attributes.get("locationType", ""):
            return None
        found = pattern.fullmatch(product.usage)
        if found is None:
            return None
        own = product.attributes.get("instanceName", "")
        return own if _ML_TYPE.fullmatch(own) else found["name"]

    return name


def _volumes(usage: str) -> Name:
    pattern = re.compile(rf"{usage}:VolumeUsage\.gp\d")
    return lambda product: "all" if pattern.fullmatch(product.usage) else None


def _ec2(product: Product) -> str | None:
    return product.attributes.get("instanceType")


def _usage(names: Mapping[str, str]) -> Name:
    return lambda product: names.get(product.usage)


def _pattern(pattern: str, template: str) -> Name:
    compiled = re.compile(pattern)

    def name(product: Product) -> str | None:
        found = compiled.fullmatch(product.usage)
        return found.expand(template) if found else None

    return name


def _lustre(product: Product) -> str | None:
    told = product.attributes
    if told.get("fileSystemType") != "Lustre" or product.family != "Storage":
        return None
    words = ("Lustre", told.get("deploymentOption"), told.get("storageType"))
    throughput = told.get("throughputCapacity")
    return " ".join([word for word in words if word] + ([throughput] if throughput else []))


_S3 = {
    "TimedStorage-ByteHrs": "StandardStorage",
    "TimedStorage-SIA-ByteHrs": "StandardIAStorage",
    "TimedStorage-ZIA-ByteHrs": "OneZoneIAStorage",
    "TimedStorage-GIR-ByteHrs": "GlacierInstantRetrievalStorage",
    "TimedStorage-GlacierByteHrs": "GlacierStorage",
    "TimedStorage-GDA-ByteHrs": "DeepArchiveStorage",
    "TimedStorage-INT-FA-ByteHrs": "IntelligentTieringFAStorage",
    "TimedStorage-INT-IA-ByteHrs": "IntelligentTieringIAStorage",
    "TimedStorage-XZ-ByteHrs": "ExpressOneZoneStorage",
}
_EMR = {
    "EMR-SERVERLESS-vCPUHours": "vCPU",
    "EMR-SERVERLESS-MemoryGBHours": "memory GB",
    "EMR-SERVERLESS-StorageGBHours": "storage GB",
}


def _hours(component: str, usage: str, *, expected: bool = False) -> Section:
    return Section(
        title=component,
        key="instance_hours",
        component=component,
        filters={"platoinstancetype": component},
        name=_instances(usage),
        unit="Hrs|Hours?",
        expected=expected,
    )


def _ml_storage(component: str, usage: str) -> Section:
    return Section(
        title=f"{component} storage",
        key="ml_storage",
        component=component,
        filters={"productFamily": "ML Storage"},
        name=_volumes(usage),
        unit="GB-Mo",
        by_region=True,
    )


SECTIONS = (
    # EC2's come first: the others are held against them.
    Section(
        title="EC2",
        key="ec2_hours",
        service="AmazonEC2",
        filters={
            "operatingSystem": "Linux",
            "tenancy": "Shared",
            "preInstalledSw": "NA",
            "capacitystatus": "Used",
        },
        name=_ec2,
        unit="Hrs",
        expected=True,
    ),
    _hours("Training", "Train", expected=True),
    _hours("Hosting", "Host", expected=True),
    _hours("Processing", "Processing"),
    _hours("Notebook", "Notebk"),
    _ml_storage("Training", "Train"),
    _ml_storage("Training warm pool", "TrainWarmPool"),
    _ml_storage("Hosting", "Host"),
    _ml_storage("Processing", "Processing"),
    _ml_storage("Notebook", "Notebk"),
    Section(
        title="S3",
        key="object_storage",
        service="AmazonS3",
        filters={"productFamily": "Storage"},
        name=_usage(_S3),
        unit="GB-Mo",
        expected=True,
    ),
    Section(title="FSx", key="file_storage", service="AmazonFSx", name=_lustre, unit="GB-Mo"),
    Section(
        title="Transfer",
        key="transfer",
        service="AWSDataTransfer",
        filters={"fromLocationType": "AWS Region", "toLocation": "External"},
        name=_usage({"DataTransfer-Out-Bytes": "internet egress"}),
        unit="GB",
    ),
    Section(
        title="EMR Serverless",
        key="emr_serverless",
        service="ElasticMapReduce",
        name=_usage(_EMR),
        unit="(vCPU-|GB-)?(Hrs|Hours?)",
    ),
    Section(
        title="Bedrock training",
        key="bedrock_training",
        service="AmazonBedrock",
        name=_pattern(r"(.+)-Customization-Training", r"\1"),
        unit="1K tokens",
    ),
    Section(
        title="Bedrock custom tokens",
        key="bedrock_custom_tokens",
        service="AmazonBedrock",
        name=_pattern(r"(.+)-(input|output)-tokens-custom-model", r"\1 \2"),
        unit="1K tokens",
        factor=1000,
    ),
    # Every family's row costs the same; where one did not, the refresh would stop and say so.
    Section(
        title="Bedrock storage",
        key="monthly",
        service="AmazonBedrock",
        name=_pattern(r".+-Customization-Storage", "bedrock custom model"),
        unit=".*Mo(nths?)?",
    ),
    Section(
        title="Bedrock reinforcement",
        key="bedrock_reinforcement",
        service="AmazonBedrock",
        name=_pattern(r"(.+)-RFT-Training-Hours", r"\1"),
        unit="Hrs|Hours?",
    ),
    Section(
        title="Bedrock units",
        key="bedrock_units",
        service="AmazonBedrock",
        name=_pattern(r"(.+)-ProvisionedThroughput-(NoCommit|1month|6months)-ModelUnits", r"\1 \2"),
        unit="Hrs|Hours?",
    ),
)
