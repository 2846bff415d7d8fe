"""Bedrock's evaluation jobs: a model judges answers that exist already.

The judge here is `local.stand-in`: it finds an answer correct where it is the reference, and says
so under its own name. What it cannot judge is refused, as are jobs that ask a model for answers.
"""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.bedrock.base_models import BaseModel
from local_aws.bedrock.roles import ServiceRole
from local_aws.bedrock.storage import JobStorage
from local_aws.bedrock.training_data import JobFailure
from local_aws.bedrock.world import BedrockWorld
from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services import bedrock_bill
from local_aws.services.bedrock_store import check_tags, conflict, invalid, tags_of
from local_aws.services.pages import page_of

LOG = logging.getLogger(__name__)

JUDGE = "local.stand-in"
CORRECTNESS = "Builtin.Correctness"
_MOST_PROMPTS = 1_000
_PAGE = 100
_CHARACTERS_A_TOKEN = 4
# What a real judge reads beside the record, and writes: a guess, as the product's.
_INSTRUCTION_TOKENS, _VERDICT_TOKENS = 800, 300


@dataclass
class EvaluationJob:
    """One job, and how far it came."""

    request: Mapping[str, Any]
    arn: str
    region: str
    created: datetime
    status: str = "InProgress"
    modified: datetime | None = None
    failures: list[str] = field(default_factory=list)

    @property
    def account(self) -> str:
        """Whose it is."""
        return self.arn.split(":")[4]

    @property
    def identifier(self) -> str:
        """The end of its ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def name(self) -> str:
        """What a person calls it."""
        return str(self.request["jobName"])


class BedrockEvaluations:
    """The calls about evaluation jobs; `close` waits for those that run."""

    def __init__(self, world: BedrockWorld) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._jobs: dict[str, EvaluationJob] = {}
        self._threads: list[threading.Thread] = []

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateEvaluationJob": self._create,
            "GetEvaluationJob": lambda request: _described(self._find(request)),
            "ListEvaluationJobs": self._list,
            "StopEvaluationJob": self._stop,
        }

    def close(self) -> None:
        """Wait until nothing runs."""
        for thread in self._threads:
            thread.join()

    def _create(self, request: Request) -> Mapping[str, Any]:
        store = self._world.stores.of(request)
        token = request.get("clientRequestToken")
        if token and (made := store.tokens.get(("evaluation", token))):
            return {"jobArn": made}
        judge = self._judge(request)
        source = _source_of(request)
        uri = _dataset_of(request)
        arn = store.new_arn("evaluation-job")
        if not ServiceRole(request.account, request["roleArn"]).trusts_bedrock(arn):
            raise invalid(f"Could not assume provided IAM role {request['roleArn']}.")
        check_tags(tags_of(request.get("jobTags")))
        job = EvaluationJob(request.parameters, arn, request.region, request.now)
        with self._lock:
            if any(
                one.name == job.name and one.account == job.account and one.region == job.region
                for one in self._jobs.values()
            ):
                raise conflict(f"The provided job name {job.name} is currently in use.")
            self._jobs[arn] = job
            if token:
                store.tokens["evaluation", token] = arn
        LOG.info("evaluation job %s of %s: %s judges here", job.name, judge.id, JUDGE)
        thread = threading.Thread(
            target=self._run, args=(job, source, uri, judge.price_name), name=job.name, daemon=True
        )
        self._threads.append(thread)
        thread.start()
        return {"jobArn": arn}

    def _judge(self, request: Request) -> BaseModel:
        asked = _judge_of(request)
        found = self._world.models.by_profile(asked, request.region, request.now)
        return found or self._world.base(asked, request.region, request.now)

    def _run(self, job: EvaluationJob, source: str, uri: str, price_name: str) -> None:
        storage = JobStorage(self._world.client("s3", job.region), job)
        try:
            records = _records(storage.read(uri), source)
            lines = [_verdict(record, source) for record in records]
            name = (
                f"{job.name}/{job.identifier}/models/{source}/taskTypes/Classification/datasets/"
                f"answers/{job.identifier}_output.jsonl"
            )
            with self._lock:
                if job.status != "InProgress":
                    return
                storage.write(name, "".join(lines).encode())
                self._end(job, "Completed")
        except JobFailure as failure:
            with self._lock:
                self._end(job, "Failed", str(failure))
            return
        now = self._world.clock.now()
        read = sum(len(json.dumps(each)) // _CHARACTERS_A_TOKEN for each in records)
        read += _INSTRUCTION_TOKENS * len(records)
        for what, tokens in (
            (bedrock_bill.BASE_INPUT, read),
            (bedrock_bill.BASE_OUTPUT, _VERDICT_TOKENS * len(records)),
        ):
            self._world.bill.charge(job.account, job.region, price_name, what, tokens, now)

    def _end(self, job: EvaluationJob, status: str, *failures: str) -> None:
        if job.status == "InProgress":
            job.status, job.modified = status, self._world.clock.now()
            job.failures.extend(failures)

    def _find(self, request: Request) -> EvaluationJob:
        wanted = request["jobIdentifier"]
        for job in self._of(request):
            if wanted in (job.arn, job.name, job.identifier):
                return job
        raise AwsError("ResourceNotFoundException", f"Could not find {wanted}.", 404)

    def _of(self, request: Request) -> list[EvaluationJob]:
        return [
            job
            for job in list(self._jobs.values())
            if (job.account, job.region) == (request.account, request.region)
        ]

    def _list(self, request: Request) -> Mapping[str, Any]:
        rows = [
            {
                "jobArn": job.arn,
                "jobName": job.name,
                "status": job.status,
                "creationTime": job.created,
                "jobType": "Automated",
                "evaluationTaskTypes": ["Classification"],
            }
            for job in self._of(request)
            if request.get("nameContains", "") in job.name
            and request.get("statusEquals") in (None, job.status)
        ]
        page, token = page_of(rows, request.get("nextToken"), request.get("maxResults", _PAGE))
        return {"jobSummaries": page} | ({"nextToken": token} if token else {})

    def _stop(self, request: Request) -> None:
        job = self._find(request)
        with self._lock:
            if job.status != "InProgress":
                raise conflict(f"The evaluation job {job.name} cannot be stopped: {job.status}.")
            self._end(job, "Stopped")


def _described(job: EvaluationJob) -> dict[str, Any]:
    kept = ("roleArn", "evaluationConfig", "inferenceConfig", "outputDataConfig", "jobDescription")
    return {
        "jobName": job.name,
        "jobArn": job.arn,
        "status": job.status,
        "jobType": "Automated",
        "applicationType": job.request.get("applicationType", "ModelEvaluation"),
        "creationTime": job.created,
        "lastModifiedTime": job.modified or job.created,
        **{name: job.request[name] for name in kept if name in job.request},
        **({"failureMessages": job.failures} if job.failures else {}),
    }


def _automated(request: Request) -> Mapping[str, Any]:
    found = request["evaluationConfig"].get("automated")
    if not found:
        raise _not_done("Evaluation jobs by people are")
    automated: Mapping[str, Any] = found
    return automated


def _judge_of(request: Request) -> str:
    models = (_automated(request).get("evaluatorModelConfig") or {}).get("bedrockEvaluatorModels")
    if not models:
        raise _not_done("Evaluation jobs without a model that judges are")
    return str(models[0]["modelIdentifier"])


def _source_of(request: Request) -> str:
    models = (request["inferenceConfig"].get("models")) or []
    if len(models) != 1:
        raise invalid("An automated evaluation job takes one model.")
    source = models[0].get("precomputedInferenceSource")
    if not source:
        raise _not_done("Evaluation jobs that ask a model for its answers are")
    return str(source["inferenceSourceIdentifier"])


def _dataset_of(request: Request) -> str:
    configs = _automated(request)["datasetMetricConfigs"]
    if len(configs) != 1:
        raise _not_done("Evaluation jobs on several data sets are")
    others = [name for name in configs[0]["metricNames"] if name != CORRECTNESS]
    if others:
        raise _not_done(f"The metrics {', '.join(others)} are")
    return str(configs[0]["dataset"]["datasetLocation"]["s3Uri"])


def _not_done(what: str) -> AwsError:
    return AwsError("NotImplementedByLocalAws", f"{what} not in the embedded AWS.", 501)


def _records(body: bytes, source: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    for number, line in enumerate(body.splitlines(), start=1):
        try:
            record = json.loads(line)
            response = record["modelResponses"][0]
            fits = isinstance(record["prompt"], str) and isinstance(response["response"], str)
        except (ValueError, KeyError, IndexError, TypeError):
            fits = False
        if not fits:
            raise JobFailure(f"Line {number} of the prompt data set is not valid.")
        if response.get("modelIdentifier") != source:
            raise JobFailure(
                f"Line {number}: modelIdentifier is not the job's inferenceSourceIdentifier."
            )
        records.append(record)
    if not 0 < len(records) <= _MOST_PROMPTS:
        raise JobFailure(f"The prompt data set has {len(records)} prompts; 1 to 1,000 are allowed.")
    return records


def _verdict(record: Mapping[str, Any], source: str) -> str:
    answer = str(record["modelResponses"][0]["response"])
    reference = record.get("referenceResponse")
    right = reference is not None and answer.strip().casefold() == str(reference).casefold()
    score = {
        "metricName": CORRECTNESS,
        "result": 1.0 if right else 0.0,
        "evaluatorDetails": [
            {
                "modelIdentifier": JUDGE,
                "explanation": "The answer is the reference."
                if right
                else "The answer is not the reference.",
            }
        ],
    }
    line = {
        "automatedEvaluationResult": {"scores": [score]},
        "inputRecord": {
            name: record[name] for name in ("prompt", "referenceResponse") if name in record
        },
        "modelResponses": [{"response": answer, "modelIdentifier": source}],
    }
    return json.dumps(line) + "\n"
