"""Puts the adapters of experiments together from the environment, each when it is asked for."""

from functools import cache

from thriftline.core.aws.clients import client
from thriftline.serving.aws.captured import Captured
from thriftline.serving.aws.live_variants import LiveVariants
from thriftline.serving.steps.experiment_documents import ExperimentDocuments
from thriftline.wiring.serving import endpoints_table
from thriftline.wiring.shared import artifacts, settings


@cache
def captured() -> Captured:
    """What SageMaker captured, and the labels that people sent."""
    return Captured(client("s3"), settings().artifacts_bucket)


@cache
def experiment_documents() -> ExperimentDocuments:
    """Where experiments are written down."""
    return ExperimentDocuments(artifacts(), endpoints_table())


@cache
def live_variants() -> LiveVariants:
    """The variants of endpoints, and their requests by the minute."""
    return LiveVariants(client("sagemaker"), client("cloudwatch"))
