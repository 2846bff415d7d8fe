"""EMR Serverless: job runs that run a program, with a quick one in the place of Spark's."""

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local_aws.preparation.options import (
    PreparationFault,
    PreparationFaultKind,
    PreparationOptions,
)
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.spark_runs import PROGRAM, Spark, make_role, refused, spark


@pytest.fixture(scope="module")
def emr() -> Iterator[Spark]:
    with spark(PreparationOptions(program=PROGRAM)) as running:
        yield running


def test_a_run_runs_its_program_and_says_what_it_was_billed(emr: Spark) -> None:
    config, output = emr.config()
    logs = f"s3://{emr.bucket}/logs/"
    run = emr.start(
        config=config,
        name="first",
        tags={"project": "p"},
        flexExecution={"enabled": True},
        executionTimeoutMinutes=30,
        configurationOverrides={
            "monitoringConfiguration": {"s3MonitoringConfiguration": {"logUri": logs}}
        },
    )

    found = emr.ended(run)

    assert (found["state"], found["attempt"], found["name"]) == ("SUCCESS", 1, "first")
    assert found["tags"] == {"project": "p"}
    assert found["flexExecution"] == {"enabled": True}
    assert found["executionTimeoutMinutes"] == 30
    assert found["startedAt"] <= found["endedAt"]
    # Four workers of 1 vCPU and 4 GB, for the minute that each costs at the least.
    assert found["billedResourceUtilization"] == {
        "vCPUHour": pytest.approx(4 / 60),
        "memoryGBHour": pytest.approx(16 / 60),
        "storageGBHour": 0,
    }
    assert emr.keys(output) == ["a.csv", "manifest.json"]
    s3, folder = emr.aws.client("s3"), f"logs/applications/{emr.application}/jobs/{run}"
    body = s3.get_object(Bucket=emr.bucket, Key=f"{folder}/SPARK_DRIVER/stdout.gz")["Body"].read()
    assert gzip.decompress(body).startswith(b"reads ['s3://")


def test_a_driver_writes_to_the_log_group_that_is_asked_for(emr: Spark) -> None:
    monitoring = {
        "cloudWatchLoggingConfiguration": {
            "enabled": True,
            "logGroupName": "/own",
            "logStreamNamePrefix": "p",
        }
    }

    run = emr.start(configurationOverrides={"monitoringConfiguration": monitoring})

    assert emr.ended(run)["state"] == "SUCCESS"
    stream = f"p/applications/{emr.application}/jobs/{run}/SPARK_DRIVER/stdout"
    events = emr.aws.client("logs").get_log_events(logGroupName="/own", logStreamName=stream)
    assert events["events"][0]["message"].startswith("reads ['s3://")


def test_a_token_starts_one_run(emr: Spark) -> None:
    request = emr.request()
    with ThreadPoolExecutor(4) as pool:
        starts = [pool.submit(emr.emr.start_job_run, **request) for _ in range(4)]
    (first, *others) = [start.result() for start in starts]

    assert {one["jobRunId"] for one in others} == {first["jobRunId"]}
    code, message = refused(emr.emr.start_job_run, **{**request, "name": "another"})

    assert code == "ConflictException"
    assert request["clientToken"] in message
    emr.ended(first["jobRunId"])


def test_a_failed_program_leaves_its_last_words(emr: Spark) -> None:
    config, output = emr.config()

    found = emr.ended(emr.start("fail", config=config))

    assert found["state"] == "FAILED"
    assert "ExitCode: 2" in found["stateDetails"]
    assert "No row is left" in found["stateDetails"]
    assert emr.keys(output) == ["error.json"]


def test_a_run_is_cancelled_and_a_finished_one_stays_what_it_is(emr: Spark) -> None:
    config, output = emr.config()
    run = emr.start("wait", config=config)
    emr.reach(run, "RUNNING")

    emr.emr.cancel_job_run(applicationId=emr.application, jobRunId=run)

    assert emr.ended(run)["state"] == "CANCELLED"
    assert "manifest.json" not in emr.keys(output)
    code, message = refused(emr.emr.cancel_job_run, applicationId=emr.application, jobRunId=run)
    assert (code, "CANCELLED" in message) == ("ValidationException", True)
    done = emr.start()
    emr.ended(done)
    refused(emr.emr.cancel_job_run, applicationId=emr.application, jobRunId=done)
    assert emr.look(done)["state"] == "SUCCESS"


def test_a_run_that_takes_too_long_is_cancelled_and_billed_to_its_limit(emr: Spark) -> None:
    run = emr.start("wait", executionTimeoutMinutes=10)
    emr.reach(run, "RUNNING")

    emr.advance(3600)

    found = emr.ended(run)
    assert found["state"] == "CANCELLED"
    assert "executionTimeoutMinutes of 10" in found["stateDetails"]
    assert found["totalExecutionDurationSeconds"] == 600
    assert found["billedResourceUtilization"]["vCPUHour"] == pytest.approx(4 * 600 / 3600)


def test_a_disk_is_billed_above_what_is_free(emr: Spark) -> None:
    parameters = (
        "--conf spark.driver.cores=1 --conf spark.driver.memory=2g --conf spark.executor.cores=2 "
        "--conf spark.executor.memory=4g --conf spark.emr-serverless.executor.disk=50g "
        "--conf spark.dynamicAllocation.maxExecutors=2"
    )

    found = emr.ended(emr.start(parameters=parameters))

    # 2g and 10 % make a worker of 3 GB, 4g and 10 % one of 5 GB.
    assert found["billedResourceUtilization"] == {
        "vCPUHour": pytest.approx(5 / 60),
        "memoryGBHour": pytest.approx(13 / 60),
        "storageGBHour": pytest.approx(60 / 60),
    }


def test_runs_are_listed_by_their_states_the_newest_first(emr: Spark) -> None:
    runs = [emr.start(name=f"listed-{number}") for number in range(2)]
    for run in runs:
        emr.ended(run)

    listed = emr.emr.list_job_runs(applicationId=emr.application, states=["SUCCESS"])["jobRuns"]
    page = emr.emr.list_job_runs(applicationId=emr.application, maxResults=1)

    assert [each["id"] for each in listed[:2]] == runs[::-1]
    assert {each["state"] for each in listed} == {"SUCCESS"}
    assert page["jobRuns"][0]["id"] == runs[1]
    more = emr.emr.list_job_runs(
        applicationId=emr.application, maxResults=1, nextToken=page["nextToken"]
    )
    assert more["jobRuns"][0]["id"] == runs[0]


def test_every_change_of_a_state_is_an_event(emr: Spark) -> None:
    events, sqs = emr.aws.client("events"), emr.aws.client("sqs")
    events.put_rule(
        Name="spark", EventPattern=json.dumps({"source": ["aws.emr-serverless"]}), State="ENABLED"
    )
    events.put_targets(Rule="spark", Targets=[{"Id": "inbox", "Arn": emr.aws.outputs["InboxArn"]}])
    run, seen = emr.start(), []

    def look() -> bool:
        answer = sqs.receive_message(
            QueueUrl=emr.aws.outputs["InboxUrl"], MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        for message in answer.get("Messages", ()):
            event = json.loads(message["Body"])
            if event["detail"].get("jobRunId") == run:
                assert event["detail-type"] == "EMR Serverless Job Run State Change"
                seen.append(event["detail"]["state"])
        return "SUCCESS" in seen

    eventually(look)
    events.remove_targets(Rule="spark", Ids=["inbox"])

    assert set(seen) >= {"SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "SUCCESS"}


def test_the_role_decides_what_a_program_reads_and_writes(emr: Spark) -> None:
    blind = make_role(emr.aws, emr.bucket, reads="code/*")
    mute = make_role(emr.aws, emr.bucket, writes="logs/*")

    unread, unwritten = (emr.ended(emr.start(executionRoleArn=role)) for role in (blind, mute))

    assert unread["state"] == unwritten["state"] == "FAILED"
    assert "Access Denied" in unread["stateDetails"]
    assert "s3:PutObject" in unwritten["stateDetails"]


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"executionTimeoutMinutes": 0}, "ValidationException", "within 1 and 10080"),
        ({"executionTimeoutMinutes": 10_081}, "ValidationException", "within 1 and 10080"),
        ({"retryPolicy": {"maxAttempts": 11}}, "ValidationException", "at most 10"),
        (
            {"retryPolicy": {"maxFailedAttemptsPerHour": 1}},
            "ValidationException",
            "STREAMING",
        ),
        ({"clientToken": "a token"}, "ValidationException", "regular expression"),
        ({"parameters": "--conf spark.executor.cores=3"}, "ValidationException", "1, 2, 4"),
        ({"parameters": "--conf spark.driver.memory=90g"}, "ValidationException", "8 to 30"),
        (
            {"parameters": "--conf spark.emr-serverless.driver.disk=500g"},
            "ValidationException",
            "20 to 200",
        ),
        ({"parameters": "--verbose"}, "ValidationException", "--verbose"),
        (
            {"parameters": "--conf spark.emr-serverless.driverEnv.LD_PRELOAD=/tmp/x.so"},
            "ValidationException",
            "LD_PRELOAD",
        ),
        (
            {"executionRoleArn": "arn:aws:iam::123456789012:role/nobody"},
            "ValidationException",
            "Could not assume",
        ),
        ({"applicationId": "00none"}, "ResourceNotFoundException", "00none"),
        ({"mode": "STREAMING"}, "NotImplementedByLocalAws", "Streaming"),
        (
            {"executionIamPolicy": {"policy": "{}"}},
            "NotImplementedByLocalAws",
            "executionIamPolicy",
        ),
        (
            {
                "configurationOverrides": {
                    "applicationConfiguration": [{"classification": "hive-site"}]
                }
            },
            "NotImplementedByLocalAws",
            "hive-site",
        ),
        (
            {"jobDriver": {"hive": {"query": "select 1"}}},
            "NotImplementedByLocalAws",
            "sparkSubmit",
        ),
    ],
)
def test_what_aws_refuses_is_refused(
    emr: Spark, change: dict[str, Any], code: str, said: str
) -> None:
    found = refused(emr.emr.start_job_run, **emr.request(**change))

    assert found[0] == code
    assert said in found[1]


def test_a_run_of_more_vcpus_than_the_quota_fails(emr: Spark) -> None:
    quotas = emr.aws.client("service-quotas")
    shown = quotas.get_aws_default_service_quota(
        ServiceCode="emr-serverless", QuotaCode="L-D05C8A75"
    )
    assert shown["Quota"]["Value"] == 16
    emr.aws.services.quotas.at("123456789012", "us-east-1").set(shown["Quota"]["QuotaName"], 3)
    try:
        found = emr.ended(emr.start())
    finally:
        emr.aws.services.quotas.at("123456789012", "us-east-1").set(shown["Quota"]["QuotaName"], 16)

    assert found["state"] == "FAILED"
    assert "ServiceQuotaExceededException" in found["stateDetails"]
    assert "billedResourceUtilization" in found
    assert found["billedResourceUtilization"]["vCPUHour"] == 0


def test_runs_share_the_capacity_and_the_queue_of_their_application(emr: Spark) -> None:
    first = emr.start("wait")
    second = emr.start("wait")
    emr.reach(first, "RUNNING")
    emr.reach(second, "RUNNING")

    # The fixture's application has two runs at once.
    third = emr.start()
    assert emr.reach(third, "QUEUED")["stateDetails"]
    late = emr.start()
    emr.reach(late, "QUEUED")
    for run in (first, second):
        emr.emr.cancel_job_run(applicationId=emr.application, jobRunId=run)

    assert [emr.ended(run)["state"] for run in (third, late)] == ["SUCCESS", "SUCCESS"]


def test_a_run_waits_no_longer_in_the_queue_than_its_application_says(emr: Spark) -> None:
    running = [emr.start("wait", executionTimeoutMinutes=1000) for _ in range(2)]
    queued = emr.start()
    emr.reach(queued, "QUEUED")

    emr.advance(361 * 60)

    found = emr.ended(queued)
    assert (found["state"], "queue timeout" in found["stateDetails"]) == ("FAILED", True)
    assert found["queuedDurationMilliseconds"] >= 360 * 60_000
    for run in running:
        emr.emr.cancel_job_run(applicationId=emr.application, jobRunId=run)
        emr.ended(run)


def test_an_application_too_small_for_all_executors_gives_fewer(emr: Spark) -> None:
    made = emr.emr.create_application(
        name="small",
        releaseLabel="emr-7.11.0",
        type="SPARK",
        maximumCapacity={"cpu": "3 vCPU", "memory": "12 GB"},
    )
    run = emr.emr.start_job_run(**emr.request(applicationId=made["applicationId"]))["jobRunId"]

    def look() -> Any:
        found = emr.emr.get_job_run(applicationId=made["applicationId"], jobRunId=run)["jobRun"]
        return found if found["state"] == "SUCCESS" else None

    assert eventually(look)["billedResourceUtilization"]["vCPUHour"] == pytest.approx(3 / 60)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (PreparationFaultKind.CAPACITY, "Insufficient capacity"),
        (PreparationFaultKind.DRIVER_LOST, "ExitCode: 137"),
        (PreparationFaultKind.INTERNAL_ERROR, "Internal service error"),
    ],
)
def test_bad_luck_ends_a_run(emr: Spark, kind: PreparationFaultKind, said: str) -> None:
    emr.fault(PreparationFault(kind, run=f"luck-{kind}"))

    found = emr.ended(emr.start("wait", name=f"luck-{kind}"))

    assert (found["state"], said in found["stateDetails"]) == ("FAILED", True)


def test_a_run_is_held_until_it_is_released(emr: Spark) -> None:
    emr.fault(PreparationFault(PreparationFaultKind.HOLD, run="held"))
    run = emr.start(name="held")
    emr.reach(run, "PENDING")

    assert emr.aws.programs is not None
    emr.aws.programs.faults.release()

    assert emr.ended(run)["state"] == "SUCCESS"


def test_a_failed_run_is_tried_again_where_its_policy_says_so(emr: Spark) -> None:
    emr.fault(PreparationFault(PreparationFaultKind.DRIVER_LOST, run="retried"))

    found = emr.ended(emr.start(name="retried", retryPolicy={"maxAttempts": 2}))

    assert (found["state"], found["attempt"]) == ("SUCCESS", 2)
    # Both attempts are billed.
    assert found["billedResourceUtilization"]["vCPUHour"] == pytest.approx(8 / 60)


def test_an_application_starts_with_a_run_and_stops_when_it_is_idle(emr: Spark) -> None:
    def look() -> Any:
        return emr.emr.get_application(applicationId=emr.application)["application"]

    run = emr.start("wait")
    emr.reach(run, "RUNNING")
    assert look()["state"] == "STARTED"
    code, message = refused(emr.emr.stop_application, applicationId=emr.application)
    assert (code, "cancel them" in message) == ("ValidationException", True)
    assert refused(emr.emr.delete_application, applicationId=emr.application)[0] == (
        "ValidationException"
    )

    emr.emr.cancel_job_run(applicationId=emr.application, jobRunId=run)
    emr.ended(run)
    emr.advance(301)

    assert look()["state"] == "STOPPED"
    emr.emr.start_application(applicationId=emr.application)
    emr.emr.stop_application(applicationId=emr.application)
    assert look()["state"] == "STOPPED"


def test_applications_are_made_once_for_a_token_changed_tagged_and_deleted(emr: Spark) -> None:
    request = {
        "clientToken": "t",
        "name": "own",
        "releaseLabel": "emr-spark-8.0.0",
        "type": "SPARK",
    }
    made = emr.emr.create_application(**request, tags={"a": "1"})
    again = emr.emr.create_application(**request, tags={"a": "1"})
    assert again["applicationId"] == made["applicationId"]
    assert refused(emr.emr.create_application, **request)[0] == "ConflictException"
    identifier, arn = made["applicationId"], made["arn"]

    emr.emr.update_application(
        applicationId=identifier, clientToken="u", schedulerConfiguration={"maxConcurrentRuns": 3}
    )
    emr.emr.tag_resource(resourceArn=arn, tags={"b": "2"})
    emr.emr.untag_resource(resourceArn=arn, tagKeys=["a"])

    found = emr.emr.get_application(applicationId=identifier)["application"]
    assert found["schedulerConfiguration"]["maxConcurrentRuns"] == 3
    assert found["tags"] == emr.emr.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    emr.emr.delete_application(applicationId=identifier)
    assert refused(emr.emr.get_application, applicationId=identifier)[0] == (
        "ResourceNotFoundException"
    )
    listed = emr.emr.list_applications()["applications"]
    assert identifier not in {each["id"] for each in listed}


def test_an_application_that_does_not_start_itself_refuses_runs_until_it_is_started(
    emr: Spark,
) -> None:
    made = emr.emr.create_application(
        releaseLabel="emr-7.11.0", type="SPARK", autoStartConfiguration={"enabled": False}
    )

    code, message = refused(
        emr.emr.start_job_run, **emr.request(applicationId=made["applicationId"])
    )

    assert (code, "must be STARTED" in message) == ("ValidationException", True)


def test_what_would_cost_or_change_nothing_here_is_not_pretended(emr: Spark) -> None:
    capacity = {"Driver": {"workerCount": 1, "workerConfiguration": {"cpu": "1", "memory": "2"}}}

    code, message = refused(
        emr.emr.create_application,
        releaseLabel="emr-7.11.0",
        type="SPARK",
        initialCapacity=capacity,
    )

    assert (code, "initialCapacity" in message) == ("NotImplementedByLocalAws", True)
    assert refused(emr.emr.create_application, releaseLabel="emr-7.11.0", type="HIVE")[0] == (
        "NotImplementedByLocalAws"
    )
    assert refused(emr.emr.create_application, releaseLabel="emr-6.1.0", type="SPARK")[0] == (
        "ValidationException"
    )
