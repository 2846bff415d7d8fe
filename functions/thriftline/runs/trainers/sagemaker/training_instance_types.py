"""The instance types that SageMaker trains on, as the API's own model lists them."""

from functools import cache

from thriftline.core.aws.clients import client


@cache
def training_instance_types() -> frozenset[str]:
    """Returns every value of ``TrainingInstanceType``.

    The client does not check the enum, and a region may have fewer: a type that is not in it
    surely does not exist, one that is in it may still lack a price or capacity.
    """
    shape = client("sagemaker").meta.service_model.shape_for("TrainingInstanceType")
    return frozenset(shape.enum)
