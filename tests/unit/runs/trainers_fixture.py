"""The registered trainers over a stand-in for SageMaker, for tests of the steps."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from tests.unit.runs.fake_sagemaker import FakeSageMaker
from thriftline.core.aws.buckets import Bucket
from thriftline.core.settings import Settings
from thriftline.runs.trainers.port import TrainerSite
from thriftline.runs.trainers.registry import Trainers
from thriftline.runs.trainers.sagemaker.file_systems import FileSystem
from thriftline.runs.trainers.sagemaker.quotas import QuotaLimit
from thriftline.runs.trainers.sagemaker.trainer import SagemakerTrainer
from thriftline.runs.trainers.sagemaker.training_jobs import TrainingJobs
from thriftline.runs.trainers.sagemaker.training_plans import TrainingPlan

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/thriftline:1"
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "STACK_NAME": "thriftline",
    "TRAINING_ROLE_ARN": "arn:aws:iam::123456789012:role/training",
    "TRAINING_IMAGE_URI": IMAGE,
}


def trainers_over(
    artifacts: Bucket,
    sagemaker: FakeSageMaker | None = None,
    image_gb: float | None = None,
    quotas: Mapping[str, int] | None = None,
    plan: TrainingPlan | None = None,
    file_system: FileSystem | None = None,
    has_bucket: bool = False,
    **environment: str,
) -> Trainers:
    """SageMaker alone; without a stand-in no call of it may be made.

    ``quotas`` are those that are known.
    """

    def limits(names: Sequence[str]) -> dict[str, QuotaLimit]:
        return {
            name: QuotaLimit(name, (quotas or {})[name], "L-12345678", "us-east-1")
            for name in names
            if name in (quotas or {})
        }

    def jobs() -> TrainingJobs:
        assert sagemaker is not None, "SageMaker was asked"
        return TrainingJobs(cast("Any", sagemaker))

    def make(site: TrainerSite) -> SagemakerTrainer:
        return SagemakerTrainer(
            jobs,
            site.artifacts,
            site.settings,
            limits,
            size_of_image=lambda _: image_gb,
            plan_of=lambda _: plan,
            file_system_of=lambda _: file_system,
            has_bucket=lambda _: has_bucket,
        )

    site = TrainerSite(Settings(ENVIRONMENT | environment), artifacts)
    return Trainers(site, {"sagemaker": make})
