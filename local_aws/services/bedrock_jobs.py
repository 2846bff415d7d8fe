"""Customization jobs: CreateModelCustomizationJob really validates, trains and ends."""

import json
import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local_aws.bedrock.job import RUNNING, CustomizationJob
from local_aws.bedrock.kinds import FINE_TUNING, hyperparameters, rules
from local_aws.bedrock.roles import ServiceRole
from local_aws.bedrock.run import CustomizationRun
from local_aws.bedrock.storage import split_uri
from local_aws.bedrock.teaching import check_configuration
from local_aws.bedrock.world import ENGINE_TAG, BedrockWorld
from local_aws.http.error_answers import NOT_DONE
from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.bedrock_quotas import CUSTOM_MODELS, JOBS
from local_aws.services.bedrock_store import (
    BedrockStore,
    check_tags,
    conflict,
    invalid,
    over_quota,
    tags_of,
)
from local_aws.services.pages import page_of

LOG = logging.getLogger(__name__)

DETAIL_TYPE = "Model Customization Job State Change"
_PAGE = 100
_EVENT_MEMBERS = (
    "jobName",
    "jobArn",
    "outputModelName",
    "outputModelArn",
    "roleArn",
    "failureMessage",
    "creationTime",
    "lastModifiedTime",
    "endTime",
    "baseModelArn",
    "hyperParameters",
    "trainingDataConfig",
    "validationDataConfig",
    "outputDataConfig",
)


class BedrockJobs:
    """The calls about customization jobs; `close` ends those that run."""

    def __init__(self, world: BedrockWorld) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._runs: dict[str, CustomizationRun] = {}

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateModelCustomizationJob": self._create,
            "GetModelCustomizationJob": lambda request: self._find(request).describe(),
            "ListModelCustomizationJobs": self._list,
            "StopModelCustomizationJob": self._stop,
        }

    def close(self) -> None:
        """End every job at once."""
        with self._lock:
            runs, self._runs = list(self._runs.values()), {}
        for run in runs:
            run.close()

    def _create(self, request: Request) -> Mapping[str, Any]:
        world, store = self._world, self._world.stores.of(request)
        token = request.get("clientRequestToken")
        if token and (made := store.tokens.get(("job", token))):
            return {"jobArn": made}
        base = world.base(request["baseModelIdentifier"], request.region, request.now)
        _check_type(request, base.customizations)
        kind = request.get("customizationType", FINE_TUNING)
        check_configuration(request.parameters, kind, world, request.region, request.now)
        parameters = hyperparameters(rules(base.kind, kind), request.get("hyperParameters", {}))
        _check_uris(request)
        arn = store.new_arn(f"model-customization-job/{base.id}")
        self._check_role(request, arn)
        self._check_names(request, store)
        self._check_quota(request, store)
        for tags in ("jobTags", "customModelTags"):
            check_tags(tags_of(request.get(tags)))
        job = CustomizationJob(request.parameters, arn, base, parameters, request.now)
        store.jobs[arn] = job
        engine = world.engine(base).name
        store.tags[arn] = tags_of(request.get("jobTags")) | {ENGINE_TAG: engine}
        if token:
            store.tokens["job", token] = arn
        LOG.info("customization job %s of %s: %s stands for it here", job.name, base.id, engine)
        run = CustomizationRun(job, store, world, self._announce)
        with self._lock:
            self._runs[arn] = run
        self._announce(job)
        run.start()
        return {"jobArn": arn}

    def _stop(self, request: Request) -> None:
        job = self._find(request)
        if not job.ask_to_stop(request.now):
            raise conflict(
                f"The model customization job {job.name} cannot be stopped: it is {job.status}."
            )
        with self._lock:
            run = self._runs.get(job.arn)
        if run is not None:
            run.stop()
        self._announce(job)

    def _find(self, request: Request) -> CustomizationJob:
        wanted = request["jobIdentifier"]
        for job in list(self._world.stores.of(request).jobs.values()):
            if wanted in (job.arn, job.name, job.identifier):
                return job
        raise AwsError(
            "ResourceNotFoundException",
            f"Could not find the model customization job {wanted}: it does not exist.",
            404,
        )

    def _list(self, request: Request) -> Mapping[str, Any]:
        rows = [
            each.summary()
            for each in list(self._world.stores.of(request).jobs.values())
            if _fits(each, request)
        ]
        rows.sort(
            key=lambda row: (row["creationTime"], row["jobName"]),
            reverse=request.get("sortOrder", "Descending") == "Descending",
        )
        page, token = page_of(rows, request.get("nextToken"), request.get("maxResults", _PAGE))
        return {"modelCustomizationJobSummaries": page} | ({"nextToken": token} if token else {})

    def _check_role(self, request: Request, job_arn: str) -> None:
        arn = request["roleArn"]
        if not ServiceRole(request.account, arn).trusts_bedrock(job_arn):
            raise invalid(
                f"Could not assume provided IAM role {arn}. Please ensure that the role exists and "
                "that its trust policy allows bedrock.amazonaws.com to assume it."
            )

    def _check_names(self, request: Request, store: BedrockStore) -> None:
        name, model = request["jobName"], request["customModelName"]
        if any(job.name == name for job in store.jobs.values()):
            raise conflict(f"The provided job name {name} is currently in use.")
        coming = {job.model_name for job in store.jobs.values() if job.status in RUNNING}
        if model in coming | {row["modelName"] for row in store.custom_models.values()}:
            raise conflict(f"The provided custom model name {model} is currently in use.")

    def _check_quota(self, request: Request, store: BedrockStore) -> None:
        quotas = self._world.quotas.of(request)
        running = sum(job.status in RUNNING for job in store.jobs.values())
        for name, used in ((JOBS, running), (CUSTOM_MODELS, running + len(store.custom_models))):
            if used >= quotas.limit(name):
                raise over_quota(
                    f"The quota {name!r} is {quotas.limit(name)}, and {used} are used."
                )

    def _announce(self, job: CustomizationJob) -> None:
        """Send an event; a job goes on when it cannot be sent, for Bedrock promises none."""
        described = job.describe()
        detail = {"version": "0.0", "jobStatus": described["status"]} | {
            key: described[key] for key in _EVENT_MEMBERS if key in described
        }
        entry = {
            "Source": "aws.bedrock",
            "DetailType": DETAIL_TYPE,
            "Resources": [job.arn],
            "Detail": json.dumps(detail, default=_iso),
        }
        try:
            self._world.client("events", job.region).put_events(Entries=[entry])
        except Exception as error:
            LOG.warning("the state of %s was not announced: %s", job.name, error)


def _iso(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no place in an event")


def _check_type(request: Request, customizations: tuple[str, ...]) -> None:
    kind = request.get("customizationType", FINE_TUNING)
    if kind not in customizations:
        raise invalid(
            f"The customization type {kind} is not supported for the base model "
            f"{request['baseModelIdentifier']}."
        )


def _check_uris(request: Request) -> None:
    config = request["trainingDataConfig"]
    if "invocationLogsConfig" in config:
        raise AwsError(NOT_DONE, "Training on invocation logs is not in the embedded AWS.", 501)
    validators = request.get("validationDataConfig", {}).get("validators") or ()
    uris = [config.get("s3Uri"), *(each["s3Uri"] for each in validators)]
    for uri in uris:
        if uri is None:
            raise invalid("trainingDataConfig needs an s3Uri.")
        key = split_uri(uri)[1]
        if not key or key.endswith("/"):
            raise invalid(f"Uri should be a file, not a directory: {uri}")


def _fits(job: CustomizationJob, request: Request) -> bool:
    after, before = request.get("creationTimeAfter"), request.get("creationTimeBefore")
    return (
        request.get("statusEquals") in (None, job.status)
        and request.get("nameContains", "") in job.name
        and (after is None or job.created_at > after)
        and (before is None or job.created_at < before)
    )
