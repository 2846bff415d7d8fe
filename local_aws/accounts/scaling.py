"""Loads the scalable targets of an account file."""

from local_aws.accounts import file
from local_aws.services.application_autoscaling import ScalingStore

_SERVICE = "sagemaker"
# A file tells the target alone. A target without a policy scales nothing, so each gets the policy
# that goes with its dimension; the aim is not the file's.
_METRICS = {
    "sagemaker:variant:DesiredInstanceCount": "SageMakerVariantInvocationsPerInstance",
    "sagemaker:variant:DesiredProvisionedConcurrency": (
        "SageMakerVariantProvisionedConcurrencyUtilization"
    ),
    "sagemaker:inference-component:DesiredCopyCount": (
        "SageMakerInferenceComponentInvocationsPerCopy"
    ),
}
_AIM = 70.0
_POLICY = "target-tracking"


def load_scaling(account: file.AccountFile, store: ScalingStore) -> None:
    """Register the file's targets, each with its policy."""
    for endpoint in account.endpoints:
        for scaling in endpoint.scaling:
            store.register(
                (_SERVICE, scaling.resource_id, scaling.dimension),
                endpoint.created,
                {"MinCapacity": scaling.min, "MaxCapacity": scaling.max},
            )
            if metric := _METRICS.get(scaling.dimension):
                _add_policy(store, scaling, metric, endpoint)


def _add_policy(
    store: ScalingStore, scaling: file.Scaling, metric: str, endpoint: file.Endpoint
) -> None:
    store.put_policy(
        (_SERVICE, scaling.resource_id, scaling.dimension),
        _POLICY,
        endpoint.created,
        {
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": _AIM,
                "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            },
        },
    )
