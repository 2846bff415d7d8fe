"""Loads the SageMaker part of an account file."""

from collections.abc import Iterable
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from local_aws.accounts import file
from local_aws.services.hosting_fleets import serving_fleet
from local_aws.services.sagemaker_jobs import LoadedTrainingJob
from local_aws.services.sagemaker_model_registry import ModelRegistry
from local_aws.services.sagemaker_store import (
    UNKNOWN_IMAGE,
    Endpoint,
    FleetState,
    Properties,
    SageMakerStore,
)
from local_aws.services.sagemaker_variants import running

# What a file does not tell and the API must: a role, an image.
_ROLE = "arn:aws:iam::{account}:role/not-in-the-account-file"
_IMAGE = f"{{account}}.dkr.ecr.{{region}}.amazonaws.com/{UNKNOWN_IMAGE}"
_SECONDARY = {"InProgress": "Training", "Stopping": "Stopping"}
_DAY_SECONDS = 86_400


def load_sagemaker(
    account: file.AccountFile, store: SageMakerStore, registry: ModelRegistry
) -> None:
    """Put endpoints, components, models, notebooks and training jobs where the calls find them."""
    _load_models(account, store)
    for model in account.models:
        if model.in_registry:
            _register(account, model, registry)
    for endpoint in account.endpoints:
        _load_endpoint(account, endpoint, store)
    for notebook in account.notebooks:
        _load_notebook(account, notebook, store)
    for app in account.studio_apps:
        _load_app(app, store)
    for cluster in account.clusters:
        _load_cluster(cluster, store)
    jobs = sagemaker_backends[account.account_id][account.region].training_jobs
    for job in account.training_jobs:
        jobs[job.name] = _training_job(account, job)


def _load_cluster(cluster: file.Cluster, store: SageMakerStore) -> None:
    arn = store.arn_of("cluster", cluster.name)
    store.clusters[cluster.name] = {
        "ClusterArn": arn,
        "ClusterName": cluster.name,
        "ClusterStatus": cluster.status,
        "CreationTime": cluster.created,
        "InstanceGroups": [_cluster_group(one) for one in cluster.groups],
    }
    store.set_tags(arn, _tags(cluster.tags))


def _cluster_group(group: file.ClusterGroup) -> dict[str, Any]:
    described: dict[str, Any] = {
        "InstanceGroupName": group.name,
        "InstanceType": group.instance_type,
        "CurrentCount": group.count,
        "TargetCount": group.count,
    }
    if group.training_plan_arn:
        described["TrainingPlanArn"] = group.training_plan_arn
    return described


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _role(account: file.AccountFile) -> str:
    return _ROLE.format(account=account.account_id)


def _image(account: file.AccountFile) -> str:
    return _IMAGE.format(account=account.account_id, region=account.region)


def _load_models(account: file.AccountFile, store: SageMakerStore) -> None:
    """Make the models of the file, and those that only a variant names, without artifacts."""
    for model in account.models:
        _load_model(account, model, store)
    for endpoint in account.endpoints:
        for variant in (*endpoint.variants, *endpoint.shadow_variants):
            if variant.model is not None and variant.model not in store.models:
                implied = file.Model(name=variant.model, created=endpoint.created)
                _load_model(account, implied, store)


def _load_model(account: file.AccountFile, model: file.Model, store: SageMakerStore) -> None:
    arn = store.arn_of("model", model.name)
    container: Properties = {"Image": _image(account), "Mode": "SingleModel", "Environment": {}}
    if model.artifact_s3_uri:
        container["ModelDataUrl"] = model.artifact_s3_uri
    store.models[model.name] = {
        "ModelName": model.name,
        "ModelArn": arn,
        "PrimaryContainer": container,
        "ExecutionRoleArn": _role(account),
        "EnableNetworkIsolation": False,
        "CreationTime": model.created,
    }
    store.set_tags(arn, [])


def _register(account: file.AccountFile, model: file.Model, registry: ModelRegistry) -> None:
    """Put a model into the registry, as the approved version of a group of its name."""
    container = {"Image": _image(account)}
    if model.artifact_s3_uri:
        container["ModelDataUrl"] = model.artifact_s3_uri
    group = registry.create_group({"ModelPackageGroupName": model.name})
    package = registry.create_package(
        {
            "ModelPackageGroupName": model.name,
            "ModelApprovalStatus": "Approved",
            "InferenceSpecification": {"Containers": [container]},
        }
    )
    for arn in (group["ModelPackageGroupArn"], package["ModelPackageArn"]):
        if entry := registry.find(arn):
            entry.description["CreationTime"] = model.created


def _load_endpoint(
    account: file.AccountFile, endpoint: file.Endpoint, store: SageMakerStore
) -> None:
    config = f"{endpoint.name}-config"
    arn = store.arn_of("endpoint-config", config)
    variants = [_variant(account, each, endpoint) for each in endpoint.variants]
    shadows = [_variant(account, each, endpoint) for each in endpoint.shadow_variants]
    described: Properties = {
        "EndpointConfigName": config,
        "EndpointConfigArn": arn,
        "ProductionVariants": variants,
        "CreationTime": endpoint.created,
        "EnableNetworkIsolation": False,
    }
    if shadows:
        described["ShadowProductionVariants"] = shadows
    if endpoint.async_:
        described["AsyncInferenceConfig"] = {
            "OutputConfig": {"S3OutputPath": endpoint.async_.output_s3_uri}
        }
    if endpoint.inference_components:
        described["ExecutionRoleArn"] = _role(account)
    store.configs[config] = described
    store.set_tags(arn, [])
    loaded = Endpoint(
        name=endpoint.name,
        arn=store.arn_of("endpoint", endpoint.name),
        config=config,
        status=endpoint.status,
        created=endpoint.created,
        modified=endpoint.last_modified,
        variants=list(_running(variants, endpoint.variants)),
        shadow_variants=list(_running(shadows, endpoint.shadow_variants)),
        failure_reason=endpoint.failure_reason,
    )
    fleet = serving_fleet(
        store, config, [*loaded.variants, *loaded.shadow_variants], endpoint.created
    )
    if endpoint.status == "Failed":
        fleet.state = FleetState.GONE
    loaded.fleets.append(fleet)
    store.endpoints[endpoint.name] = loaded
    store.set_tags(loaded.arn, _tags(endpoint.tags))
    for component in endpoint.inference_components:
        _load_component(component, loaded, store)


def _variant(
    account: file.AccountFile, variant: file.Variant, endpoint: file.Endpoint
) -> Properties:
    """Return a variant as its configuration says it."""
    described: Properties = {"VariantName": variant.name, "InitialVariantWeight": 1.0}
    if variant.model is not None:
        described["ModelName"] = variant.model
    if variant.serverless is not None:
        serverless = variant.serverless
        config = {
            "MemorySizeInMB": serverless.memory_mb,
            "MaxConcurrency": serverless.max_concurrency,
        }
        if serverless.provisioned_concurrency is not None:
            config["ProvisionedConcurrency"] = serverless.provisioned_concurrency
        return described | {"ServerlessConfig": config}
    # A configuration has at least one instance, also where none is left now.
    count = max(1, variant.instance_count or 0)
    described |= {"InstanceType": variant.instance_type, "InitialInstanceCount": count}
    if variant.managed_scaling_min is not None:
        described["ManagedInstanceScaling"] = {
            "Status": "ENABLED",
            "MinInstanceCount": variant.managed_scaling_min,
            "MaxInstanceCount": max(count, variant.managed_scaling_min),
        }
    return described


def _running(configured: list[Properties], variants: list[file.Variant]) -> Iterable[Properties]:
    for config, variant in zip(configured, variants, strict=True):
        shown = running(config)
        if variant.serverless is None:
            count = 1 if variant.instance_count is None else variant.instance_count
            shown |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
        yield shown


def _load_component(
    component: file.InferenceComponent, endpoint: Endpoint, store: SageMakerStore
) -> None:
    arn = store.arn_of("inference-component", component.name)
    copies = {"DesiredCopyCount": component.copies, "CurrentCopyCount": component.copies}
    store.components[component.name] = {
        "InferenceComponentName": component.name,
        "InferenceComponentArn": arn,
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "VariantName": component.variant,
        "Specification": {},
        "RuntimeConfig": copies,
        "CreationTime": component.created,
        "LastModifiedTime": component.last_modified,
        "InferenceComponentStatus": "InService",
    }
    store.set_tags(arn, [])


def _load_notebook(
    account: file.AccountFile, notebook: file.Notebook, store: SageMakerStore
) -> None:
    arn = store.arn_of("notebook-instance", notebook.name)
    store.notebooks[notebook.name] = {
        "NotebookInstanceName": notebook.name,
        "NotebookInstanceArn": arn,
        "NotebookInstanceStatus": notebook.status,
        "InstanceType": notebook.instance_type,
        "RoleArn": _role(account),
        # The file does not tell it; the instance is at least as old as its last change.
        "CreationTime": notebook.last_modified,
        "LastModifiedTime": notebook.last_modified,
    }
    store.set_tags(arn, [])


def _load_app(app: file.StudioApp, store: SageMakerStore) -> None:
    arn = store.arn_of("app", f"{app.domain_id}/{app.space}/{app.type}/{app.name}")
    described: Properties = {
        "AppArn": arn,
        "AppName": app.name,
        "AppType": app.type,
        "DomainId": app.domain_id,
        "SpaceName": app.space,
        "Status": "InService",
        "CreationTime": app.created,
    }
    if app.last_user_activity is not None:
        described["LastUserActivityTimestamp"] = app.last_user_activity
    if app.instance_type is not None:
        described["ResourceSpec"] = {"InstanceType": app.instance_type}
    store.apps[arn] = described
    store.set_tags(arn, [])


def _training_job(account: file.AccountFile, job: file.TrainingJob) -> LoadedTrainingJob:
    arn = f"arn:aws:sagemaker:{account.region}:{account.account_id}:training-job/{job.name.lower()}"
    moments = [moment for moment in (job.created, job.started, job.ended) if moment is not None]
    described: dict[str, Any] = {
        "TrainingJobName": job.name,
        "TrainingJobArn": arn,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status or _SECONDARY.get(job.status, job.status),
        "FailureReason": job.failure_reason,
        "AlgorithmSpecification": {"TrainingImage": _image(account), "TrainingInputMode": "File"},
        "RoleArn": _role(account),
        "OutputDataConfig": {"S3OutputPath": job.output_s3_uri or ""},
        "ResourceConfig": _resources(job),
        "StoppingCondition": _stopping(job),
        "EnableManagedSpotTraining": job.managed_spot,
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "CreationTime": job.created,
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended if job.started else None,
        "LastModifiedTime": max(moments),
        "TrainingTimeInSeconds": job.training_seconds,
        "BillableTimeInSeconds": job.billable_seconds,
    }
    if job.input_s3_uris:
        described["InputDataConfig"] = [
            {"ChannelName": f"channel-{number}", "DataSource": {"S3DataSource": _source(uri)}}
            for number, uri in enumerate(job.input_s3_uris)
        ]
    if job.warm_pool:
        described["WarmPoolStatus"] = {"Status": job.warm_pool}
    if job.checkpoint_s3_uri:
        described["CheckpointConfig"] = {"S3Uri": job.checkpoint_s3_uri}
    if job.status == "Completed" and job.output_s3_uri:
        artifact = f"{job.output_s3_uri.rstrip('/')}/{job.name}/output/model.tar.gz"
        described["ModelArtifacts"] = {"S3ModelArtifacts": artifact}
    known = {key: value for key, value in described.items() if value is not None}
    return LoadedTrainingJob(known, _tags(job.tags))


def _source(uri: str) -> dict[str, str]:
    return {"S3DataType": "S3Prefix", "S3Uri": uri}


def _resources(job: file.TrainingJob) -> dict[str, Any]:
    resources: dict[str, Any] = {
        "InstanceCount": job.instance_count,
        "VolumeSizeInGB": job.volume_gb,
    }
    if job.keep_alive_seconds is not None:
        resources["KeepAlivePeriodInSeconds"] = job.keep_alive_seconds
    return resources | ({"InstanceType": job.instance_type} if job.instance_type else {})


def _stopping(job: file.TrainingJob) -> dict[str, int]:
    # SageMaker's default, where the file tells none.
    condition = {"MaxRuntimeInSeconds": job.max_runtime_seconds or _DAY_SECONDS}
    wait = job.max_wait_seconds
    return condition | ({"MaxWaitTimeInSeconds": wait} if wait else {})
