"""The services that are answered here, put together."""

from typing import TYPE_CHECKING

from local_aws.bedrock.world import BedrockWorld
from local_aws.clock import Clock
from local_aws.hooks import Hooks
from local_aws.http.own_calls import OwnCalls
from local_aws.services import iam_simulation, s3_bucket_tags, s3_forms, s3_listing, s3_uploads
from local_aws.services.accounts import Accounts
from local_aws.services.alarms import Alarms
from local_aws.services.application_autoscaling import ApplicationAutoscaling, ScalingStore
from local_aws.services.bedrock import Bedrock
from local_aws.services.bedrock_changes import BedrockChanges
from local_aws.services.bedrock_deployments import BedrockDeployments
from local_aws.services.bedrock_evaluations import BedrockEvaluations
from local_aws.services.bedrock_jobs import BedrockJobs
from local_aws.services.bedrock_models import BedrockModels
from local_aws.services.bedrock_runtime import BedrockRuntime
from local_aws.services.bedrock_store import BedrockStore
from local_aws.services.bedrock_throughputs import BedrockThroughputs
from local_aws.services.cloudwatch import CloudWatch
from local_aws.services.cost_explorer import CostExplorer
from local_aws.services.emr_serverless import EmrServerless
from local_aws.services.hosting import Hosting
from local_aws.services.hosting_bill import HostingBill
from local_aws.services.metric_store import MetricStore
from local_aws.services.own_metrics import OwnMetrics
from local_aws.services.places import Places
from local_aws.services.pricing import Pricing
from local_aws.services.resource_tagging import ResourceTagging
from local_aws.services.s3_lifecycle import S3Lifecycle
from local_aws.services.sagemaker_apps import SageMakerApps
from local_aws.services.sagemaker_clusters import SageMakerClusters
from local_aws.services.sagemaker_components import SageMakerComponents
from local_aws.services.sagemaker_endpoint_configs import SageMakerEndpointConfigs
from local_aws.services.sagemaker_endpoints import SageMakerEndpoints
from local_aws.services.sagemaker_jobs import SageMakerJobs
from local_aws.services.sagemaker_model_registry import ModelRegistries
from local_aws.services.sagemaker_models import SageMakerModels
from local_aws.services.sagemaker_notebooks import SageMakerNotebooks
from local_aws.services.sagemaker_processing import SageMakerProcessing
from local_aws.services.sagemaker_search import SageMakerSearch
from local_aws.services.sagemaker_store import SageMakerStore
from local_aws.services.sagemaker_tags import SageMakerTags
from local_aws.services.sagemaker_training_plans import TrainingPlans
from local_aws.services.sagemaker_transform import SageMakerTransform
from local_aws.services.savings_plans import SavingsPlans
from local_aws.services.scaling_actions import ScalingActions
from local_aws.services.service_quotas import QuotaStore, ServiceQuotas
from local_aws.services.spot_market import SpotMarket
from local_aws.stepfunctions.task_tokens import TaskTokens

if TYPE_CHECKING:
    from local_aws.serving.runtime import Serving


class OwnServices:
    """What our services keep; an account file is loaded into these.

    `serving` is the runtime of endpoints, None where that is switched off.
    """

    def __init__(self, home_account: str, clock: Clock) -> None:
        self.clock = clock
        self.accounts = Accounts(home_account)
        self.metrics = Places(lambda account, region: MetricStore(account, region, clock))
        self.alarms = Alarms(clock, self.metrics)
        self.own_metrics = OwnMetrics(self.metrics, clock)
        self.scaling = Places(ScalingStore)
        self.scaling_actions = ScalingActions(self.scaling, self.metrics, clock)
        self.alarms.actions.scaling = self.scaling_actions.on_alarm
        self.bedrock = Places(BedrockStore)
        self.quotas = Places(QuotaStore)
        self.serving: Serving | None = None
        self.hosting_bill = HostingBill()
        self.hosting = Hosting(clock, self.quotas, self.hosting_bill)
        self.hosting.alarms = self.alarms
        self.sagemaker = Places(
            lambda account, region: SageMakerStore(account, region, self.hosting.settle)
        )
        self.lifecycle = S3Lifecycle()
        self.costs = CostExplorer()
        self.pricing = Pricing()
        self.spot = SpotMarket()
        self.training_plans = TrainingPlans(clock.now)
        self.transform = SageMakerTransform(self.sagemaker)
        self.processing = SageMakerProcessing(self.sagemaker, self.quotas)
        self.emr_serverless = EmrServerless(clock)
        self.registries = ModelRegistries(clock.now)
        self.task_tokens = TaskTokens(clock.service_time)
        self.bedrock_world = BedrockWorld(clock, self.bedrock, self.quotas, self.metrics)
        self.bedrock_jobs = BedrockJobs(self.bedrock_world)
        self.bedrock_evaluations = BedrockEvaluations(self.bedrock_world)
        self.costs.sources.append(self.bedrock_world.bill.charges)
        self.costs.sources.append(
            lambda account, now: self.transform.charges(account, clock.service_time(), now.date())
        )
        self.costs.sources.append(
            lambda account, now: self.processing.charges(account, clock.now(), now.date())
        )
        self.costs.sources.append(
            lambda account, now: self.hosting_bill.charges(
                account, clock.service_time(), now.date()
            )
        )

    def calls(self) -> OwnCalls:
        """Return every operation."""
        own = OwnCalls(self.clock)
        for service in (
            SageMakerEndpoints(self.sagemaker, self.hosting, self.scaling),
            SageMakerEndpointConfigs(self.sagemaker),
            SageMakerComponents(self.sagemaker, self.hosting),
            SageMakerModels(self.sagemaker, self.registries),
            SageMakerNotebooks(self.sagemaker),
            SageMakerApps(self.sagemaker),
            SageMakerClusters(self.sagemaker),
            SageMakerTags(self.sagemaker),
            SageMakerJobs(),
            SageMakerSearch(self.sagemaker),
        ):
            own.add("sagemaker", service.operations())
        own.add("sagemaker", self.training_plans.operations())
        own.add("sagemaker", self.transform.operations())
        own.add("sagemaker", self.processing.operations())
        own.add("cloudwatch", CloudWatch(self.metrics).operations())
        own.add("cloudwatch", self.alarms.operations())
        own.add(
            "application-autoscaling",
            ApplicationAutoscaling(self.scaling, self.sagemaker).operations(),
        )
        own.add("bedrock", Bedrock(self.bedrock).operations())
        own.add("bedrock", self.bedrock_jobs.operations())
        own.add("bedrock", self.bedrock_evaluations.operations())
        for part in (BedrockChanges, BedrockDeployments, BedrockModels, BedrockThroughputs):
            own.add("bedrock", part(self.bedrock_world).operations())
        own.add("bedrock-runtime", BedrockRuntime(self.bedrock_world).operations())
        own.add("emr-serverless", self.emr_serverless.operations())
        own.add("service-quotas", ServiceQuotas(self.quotas).operations())
        own.add("ce", self.costs.operations())
        own.add("pricing", self.pricing.operations())
        own.add("savingsplans", SavingsPlans().operations())
        own.add("iam", iam_simulation.operations())
        own.add("s3", self.lifecycle.operations())
        own.add("s3", s3_bucket_tags.operations())
        own.add("s3", s3_uploads.operations())
        own.add("s3", s3_listing.operations())
        own.add("stepfunctions", self.task_tokens.operations())
        own.add("sts", self.accounts.sts_operations())
        own.add("ec2", self.accounts.ec2_operations())
        own.add("ec2", self.spot.operations())
        own.add(
            "resourcegroupstaggingapi", ResourceTagging(self.sagemaker, self.bedrock).operations()
        )
        return own

    def install(self, hooks: Hooks) -> None:
        """Let moto keep what our operations need of it, and answer for the registry."""
        s3_uploads.install(hooks, self.clock)
        s3_forms.install(hooks)
        self.registries.install(hooks)
        self.alarms.install(hooks)
        self.task_tokens.install(hooks)
