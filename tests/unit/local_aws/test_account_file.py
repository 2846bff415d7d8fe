import json
import logging
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.accounts.file import AccountFile, AccountFileError
from local_aws.accounts.reading import (
    REPORT_ACCOUNT,
    parse_account,
    read_account,
    read_accounts,
    with_accounts,
)
from local_aws.options import Options
from tools import write_report_account

SMALLEST: dict[str, Any] = {
    "now": "2025-11-03T12:00:00Z",
    "account_id": "111122223333",
    "region": "eu-west-1",
}
ENDPOINT: dict[str, Any] = {
    "name": "a",
    "status": "InService",
    "created": "2025-09-04T12:00:00Z",
    "last_modified": "2025-09-04T12:00:00Z",
    "variants": [{"name": "blue", "instance_type": "ml.g5.xlarge", "instance_count": 1}],
}
DEPLOYMENT: dict[str, Any] = {"name": "served", "created": "2025-09-04T12:00:00Z"}


def refused(**fields: Any) -> str:
    with pytest.raises(AccountFileError) as caught:
        parse_account({**SMALLEST, **fields}, "account.json")
    return str(caught.value)


def write(folder: Path, name: str, **fields: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps({**SMALLEST, **fields}))
    return path


def test_every_list_may_be_absent() -> None:
    account = parse_account(SMALLEST, "account.json")

    assert account.endpoints == []
    assert account.bedrock.custom_models == []
    assert account.summary() == "account 111122223333 in eu-west-1 at 2025-11-03T12:00:00Z: empty"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"now": "2025-11-03T12:00:00"}, "now: Input should have timezone info"),
        ({"account_id": "12"}, "account_id: String should match pattern"),
        ({"region": "Ireland"}, "region: String should match pattern"),
        ({"endpoints": [{**ENDPOINT, "status": "Up"}]}, "endpoints[0].status: Input should be"),
        ({"endpoints": [ENDPOINT, ENDPOINT]}, "endpoints[1].name: a is there already"),
        ({"endpoints": None}, "endpoints: Input should be a valid list"),
        (
            {"bedrock": {"deployments": [{**DEPLOYMENT, "custom_model": "lost"}]}},
            "bedrock.deployments[0].custom_model: 'lost' is in no bedrock.custom_models",
        ),
        (
            {"training_jobs": [{"name": "j", "status": "Completed"}]},
            "training_jobs[0].created: Field required (add the field)",
        ),
        (
            {"costs": [{"service": "s", "usd": 1, "start": "2025-11-03", "end": "2025-11-03"}]},
            "costs[0]: end 2025-11-03 is not after start 2025-11-03; end is exclusive",
        ),
        (
            {"metrics": [{"namespace": "n", "name": "m", "stat": "Total", "period_seconds": 60}]},
            "metrics[0].stat: String should match pattern",
        ),
    ],
)
def test_a_wrong_field_is_named_with_the_rule_that_it_breaks(
    fields: dict[str, Any], message: str
) -> None:
    assert f"account.json: {message}" in refused(**fields)


def test_a_component_on_a_variant_that_is_not_there_is_refused() -> None:
    endpoint = deepcopy(ENDPOINT)
    times = {"created": ENDPOINT["created"], "last_modified": ENDPOINT["created"]}
    endpoint["inference_components"] = [{"name": "c", "variant": "green", **times}]

    assert "the inference component c names the variant green" in refused(endpoints=[endpoint])
    assert "the endpoint has blue" in refused(endpoints=[endpoint])


def test_a_field_that_is_not_known_is_reported_and_not_looked_at(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        parse_account({**SMALLEST, "endpoints": [{**ENDPOINT, "owner": "me"}]}, "account.json")

    assert "endpoints[0].owner is no field of account files" in caplog.text


def test_dollars_keep_every_digit(tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    cost = '{"service": "s", "usd": 0.1, "start": "2025-11-01", "end": "2025-11-02"}'
    path.write_text(json.dumps(SMALLEST)[:-1] + f', "costs": [{cost}]}}')

    assert read_account(path).costs[0].usd == Decimal("0.1")


def test_files_and_folders_of_files_are_read_together(tmp_path: Path) -> None:
    folder = tmp_path / "members"
    folder.mkdir()
    write(folder, "b.json", account_id="222222222222")
    write(folder, "c.json", account_id="333333333333")
    first = write(tmp_path, "a.json")

    accounts = read_accounts([first, folder])

    assert [each.account_id for each in accounts] == [
        "111122223333",
        "222222222222",
        "333333333333",
    ]


def test_files_that_cannot_stand_side_by_side_are_refused(tmp_path: Path) -> None:
    first = write(tmp_path, "a.json")
    later = write(tmp_path, "b.json", account_id="222222222222", now="2025-11-04T12:00:00Z")
    again = write(tmp_path, "c.json")

    with pytest.raises(AccountFileError, match=r"b\.json: now is 2025-11-04.* one clock"):
        read_accounts([first, later])
    with pytest.raises(AccountFileError, match=r"c\.json: account 111122223333 in eu-west-1 is in"):
        read_accounts([first, again])


def test_the_stack_goes_where_the_first_account_is_unless_told_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json")

    there = with_accounts(Options(), [path])
    elsewhere = with_accounts(Options(region="us-east-1"), [path], region="us-east-1")

    assert (there.account, there.region) == ("111122223333", "eu-west-1")
    assert (elsewhere.account, elsewhere.region) == ("111122223333", "us-east-1")
    assert with_accounts(Options(), []) == Options()


def test_the_report_account_is_what_its_script_writes() -> None:
    assert REPORT_ACCOUNT.read_text() == write_report_account.text()


def test_the_report_account_carries_the_facts_of_the_report() -> None:
    account = read_account(REPORT_ACCOUNT)

    failed = [job for job in account.training_jobs if job.status == "Failed"]
    hours = sum(job.training_seconds or 0 for job in account.training_jobs) / 3600
    assert (len(account.training_jobs), len(failed)) == (9, 8)
    assert hours / 9 == pytest.approx(0.13, abs=0.001)
    assert [each.status for each in account.endpoints].count("InService") == 4
    assert len(account.endpoints) == 21
    assert sum(size for each in account.buckets for size in each.bytes.values()) == 306_410_000_000
    totals = {
        metric.name: sum(metric.points.values())
        for metric in account.metrics
        if metric.namespace == "AWS/Bedrock"
    }
    assert totals["Invocations"] == 1642
    assert totals["InputTokenCount"] > 0
    assert [cost.usd for cost in account.costs][:2] == [Decimal("9285.5"), Decimal("52.94")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@given(field=st.sampled_from(sorted(AccountFile.model_fields)), value=json_values)
def test_anything_at_all_is_either_read_or_refused_in_one_line(field: str, value: Any) -> None:
    said = ""
    try:
        parse_account({**SMALLEST, field: value}, "account.json")
    except AccountFileError as error:
        said = str(error)
    assert said == "" or said.startswith("account.json: ")
    assert "\n" not in said
