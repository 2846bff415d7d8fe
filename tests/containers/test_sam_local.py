"""One run, step by step: each function in a container of its own, on its sample event.

The tests are the steps of one run and need those before them (run.sh stops at the first failure).
"""

import json
import time
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from laptop.sample_data import as_csv, train_rows
from tests.containers.conftest import Aws
from tests.containers.sam import ROOT, Sam, sample_event

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

ROWS = 200
# A second data set: more than two of the smallest ranges.
MANY_ROWS = 40_000
RANGES = {"SINGLE_PASS_MIB": "1", "RANGE_MIB": "1"}
RUN_YAML = """\
hyperparameters: {epochs: 1, max_length: 64, batch_tokens: 2048}
gate: {minimum_test_size: 10}
"""
EXECUTION = sample_event("open_run", {})["execution_arn"]


def put(aws: Aws, key: str, body: bytes) -> dict[str, Any]:
    """Uploads an object and returns the upload as the machine knows it."""
    bucket = aws.outputs["DataBucketName"]
    made = aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return {
        "bucket": bucket,
        "key": key,
        "version_id": made["VersionId"],
        "etag": made["ETag"].strip('"'),
        "size": len(body),
    }


def ledger_of(aws: Aws) -> dict[str, Any]:
    """The month's item in the ledger, as DynamoDB writes it."""
    found = aws.client("dynamodb").scan(TableName=aws.outputs["LedgerTableName"])
    (item,) = found["Items"]
    return dict(item)


@pytest.fixture(scope="module")
def live(aws: Aws) -> dict[str, Any]:
    """What is known of the run so far, by the names of the events' keys."""
    put(aws, "datasets/reviews/run.yaml", RUN_YAML.encode())
    upload = put(aws, "datasets/reviews/reviews.csv", as_csv(train_rows(ROWS)))
    return {"upload": upload, "execution_arn": EXECUTION}


@pytest.fixture(scope="module")
def large(aws: Aws) -> dict[str, Any]:
    """A run whose data set is larger than one range; its last row repeats its first."""
    lines = [
        json.dumps({"text": f"Sentence {row} says {row * 7919}.", "label": f"class {row % 3}"})
        for row in range(MANY_ROWS)
    ]
    body = "\n".join([*lines, lines[0]]).encode()
    upload = put(aws, "datasets/numbers/numbers.jsonl", body)
    return {"upload": upload, "execution_arn": EXECUTION}


def test_explain_upload_names_the_pattern_that_was_missed(sam: Sam) -> None:
    answer = sam.answer("explain_upload", {})
    assert "notes.txt" in answer["reason"]
    assert "datasets/{project}/{file}.jsonl" in answer["reason"]


def test_an_event_with_an_unknown_key_comes_back_as_an_error(sam: Sam) -> None:
    event = {**sample_event("plan_run", {}), "surprise": 1}
    answer = sam.invoke("plan_run", event)
    assert answer["errorType"] == "ValidationError"
    assert "surprise" in answer["errorMessage"]


def test_an_error_keeps_the_name_that_the_machine_branches_on(sam: Sam) -> None:
    answer = sam.invoke("plan_run", sample_event("plan_run", {}))
    assert answer["errorType"] == "AwsRequestError"


def test_open_run_opens_a_new_upload(sam: Sam, live: dict[str, Any]) -> None:
    assert sam.answer("open_run", live)["decision"] == "wait"
    answer = sam.answer("open_run", {**live, "settled": True})
    assert answer["decision"] == "open"
    live["run_id"] = answer["run_id"]


def test_open_run_names_the_owner_to_another_execution(sam: Sam, live: dict[str, Any]) -> None:
    answer = sam.answer(
        "open_run", {**live, "settled": True, "execution_arn": f"{EXECUTION}-again"}
    )
    assert answer["decision"] == "duplicate"
    assert answer["owner_execution_arn"] == EXECUTION


def test_open_run_fixes_what_the_run_reads(aws: Aws, live: dict[str, Any]) -> None:
    run = aws.document(f"runs/{live['run_id']}/run.json")
    assert run["spec"]["hyperparameters"]["epochs"] == 1


def test_validate_dataset_accepts_real_sentences(sam: Sam, aws: Aws, live: dict[str, Any]) -> None:
    answer = sam.answer("validate_dataset", live)
    assert answer["mode"] == "done"
    assert answer["verdict"] in ("accepted", "accepted_with_warnings")
    assert answer["parts"] >= 1
    live["parts"] = answer["parts"]
    prefix = f"runs/{live['run_id']}/dataset"
    assert aws.keys(prefix) == [f"{prefix}.html", f"{prefix}.json"]


def test_plan_run_prices_the_run(sam: Sam, live: dict[str, Any]) -> None:
    answer = sam.answer("plan_run", live)
    assert 0 < float(answer["worst_case_usd"]) <= 10


def test_reserve_budget_holds_the_worst_case_once(sam: Sam, aws: Aws, live: dict[str, Any]) -> None:
    answer = sam.answer("reserve_budget", live)
    assert float(answer["held_usd"]) > 0
    assert sam.answer("reserve_budget", live) == answer
    assert list(ledger_of(aws)["held"]["M"]) == [live["run_id"]]


def test_request_approval_asks_and_answer_approval_shows_the_request(
    sam: Sam, live: dict[str, Any]
) -> None:
    assert sam.answer("request_approval", live) == {"standing": "waiting"}
    shown = sam.answer("answer_approval", {**live, "answer": None})
    assert shown["statusCode"] == 200
    request = json.loads(shown["body"])
    assert request["outcome"] == "shown"
    live["worst_case_usd"] = request["worst_case_usd"]


def test_answer_approval_says_that_no_execution_waits_any_more(
    sam: Sam, live: dict[str, Any]
) -> None:
    answer = sam.answer("answer_approval", live)
    del live["worst_case_usd"]
    assert answer["statusCode"] == 410
    assert json.loads(answer["body"])["outcome"] == "ended"


def test_close_approval_lets_nothing_go_on_without_an_answer(
    sam: Sam, live: dict[str, Any]
) -> None:
    answer = sam.invoke("close_approval", sample_event("close_approval", live))
    assert answer["errorType"] == "ApprovalExpiredError"


def test_sweep_approvals_finds_nothing_that_is_left(sam: Sam) -> None:
    assert sam.answer("sweep_approvals", {}) == {"delivered": [], "expired": [], "failed": []}


def test_prepare_split_writes_the_channels(sam: Sam, aws: Aws, live: dict[str, Any]) -> None:
    for index in range(live["parts"]):
        assert sam.answer("prepare_split", {**live, "index": index}) == {"index": index}
    splits = f"scratch/{live['run_id']}/splits/"
    written = {key.removeprefix(splits).partition("/")[0] for key in aws.keys(splits)}
    assert written == {"train", "validation", "test"}


def test_start_training_starts_one_job_however_often(sam: Sam, live: dict[str, Any]) -> None:
    answer = sam.answer("start_training", live)
    started = {"job_name": f"{live['run_id']}-01", "attempt": 1}
    assert answer == {**started, "wait_seconds": 0, "reason": ""}
    assert sam.answer("start_training", live) == answer
    live["job_name"] = answer["job_name"]


def test_poll_training_sees_the_job_through(sam: Sam, live: dict[str, Any]) -> None:
    answer = sam.answer("poll_training", live)
    while not answer["done"]:
        assert answer["wait_seconds"] > 0
        time.sleep(min(answer["wait_seconds"], 10))
        answer = sam.answer("poll_training", live)
    assert answer["status"] == "Completed"


def test_evaluate_run_asks_the_gate(sam: Sam, live: dict[str, Any]) -> None:
    answer = sam.answer("evaluate_run", live)
    assert answer["promotion"] in ("approved", "rejected")
    assert answer["reason"]
    live["promotion"] = answer["promotion"]


def test_register_model_makes_a_version_of_the_projects_group(
    sam: Sam, aws: Aws, live: dict[str, Any]
) -> None:
    answer = sam.answer("register_model", live)
    arn = answer["model_package_arn"]
    package = aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == live["promotion"].capitalize()
    live["model_package_arn"] = arn


def test_clean_up_deletes_the_scratch(sam: Sam, aws: Aws, live: dict[str, Any]) -> None:
    scratch = f"scratch/{live['run_id']}/"
    assert aws.keys(scratch)
    answer = sam.answer("clean_up", live)
    assert answer["stopped_jobs"] == []
    assert answer["deleted_objects"] > 0
    assert aws.keys(scratch) == []


def test_settle_budget_gives_back_what_was_not_used(
    sam: Sam, aws: Aws, live: dict[str, Any]
) -> None:
    held = ledger_of(aws)["committed_usd"]["N"]
    answer = sam.answer("settle_budget", live)
    assert answer["status"] == "settled"
    assert 0 < float(answer["settled_usd"]) < float(held)
    ledger = ledger_of(aws)
    assert ledger["held"]["M"] == {}
    # The ledger keeps a billionth of a dollar.
    settled = Decimal(answer["settled_usd"]).quantize(Decimal("1e-9"))
    assert Decimal(ledger["committed_usd"]["N"]) == settled


def test_sweep_ledger_finds_nothing_that_is_left(sam: Sam) -> None:
    answer = sam.answer("sweep_ledger", {})
    assert (answer["kept"], answer["unknown"], answer["settled"]) == (0, 0, 0)


def test_sweep_bedrock_finds_nothing_that_is_left(sam: Sam) -> None:
    answer = sam.answer("sweep_bedrock", {})
    assert (answer["kept"], answer["unknown"], answer["taken_away"]) == (0, 0, [])


def test_grade_answers_grades_each_of_its_list(sam: Sam) -> None:
    event = json.loads((ROOT / "events/grade_answers.json").read_text())
    answer = sam.invoke("grade_answers", event)
    assert [(one["id"], one["aggregate_reward_score"]) for one in answer] == [
        ("reviews.csv:17", 1.0),
        ("reviews.csv:18", 0.0),
    ]


def test_count_spend_counts_what_others_spent(sam: Sam) -> None:
    assert float(sam.answer("count_spend", {})["external_usd"]) == 0


def test_publish_result_writes_what_its_schema_promises(
    sam: Sam, aws: Aws, live: dict[str, Any]
) -> None:
    ending = "not_promoted" if live["promotion"] == "rejected" else "succeeded"
    answer = sam.answer("publish_result", {**live, "ending": ending})
    assert answer["status"] == ending
    prefix = f"runs/{live['run_id']}"
    result = aws.document(f"{prefix}/result.json")
    schema = json.loads((ROOT / "docs/schemas/result.schema.json").read_text())
    jsonschema.validate(result, schema)
    assert result["status"] == ending
    assert result["model_package_arn"] == live["model_package_arn"]
    assert aws.keys(f"{prefix}/report") == [f"{prefix}/report.html"]


def test_ranges_that_are_merged_say_the_same_as_one_pass(
    sam: Sam, aws: Aws, large: dict[str, Any]
) -> None:
    large["run_id"] = sam.answer("open_run", {**large, "settled": True})["run_id"]
    document = f"runs/{large['run_id']}/dataset.json"
    whole = sam.answer("validate_dataset", large)
    assert whole["mode"] == "done"
    expected = aws.document(document)
    assert expected["findings"]

    plan = sam.answer("validate_dataset", large, **RANGES)
    assert plan["mode"] == "ranges"
    assert plan["ranges"] > 1
    for index in range(plan["ranges"]):
        assert sam.answer("validate_range", {**large, "index": index}) == {"index": index}
    merged = sam.answer("merge_validation", large)
    assert merged["mode"] == "done"
    assert merged["verdict"] == whole["verdict"]
    assert aws.document(document) == expected
