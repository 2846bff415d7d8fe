import logging
import re
import shutil
from pathlib import Path

import pytest
from moto.awslambda.models import LambdaFunction
from moto.core.config import default_user_config
from moto.events.models import Rule
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata

from local_aws.deployment.cloudformation import DeploymentError
from local_aws.hooks import MotoChangedError
from local_aws.options import Options
from local_aws.server import EmbeddedAws
from local_aws.stepfunctions import definitions
from tests.integration.local_aws.runtime import FakeRuntime

FIXTURE = Path(__file__).parent / "fixture" / "template.yaml"
OPTIONS = Options(template=FIXTURE, stack_name="alone", lambda_runtime=FakeRuntime.make)


def hooked() -> list[object]:
    return [
        LambdaFunction.invoke,
        Rule.send_to_targets,
        StringJSONata._eval_body,
        default_user_config.get("stepfunctions"),
    ]


def test_each_embedded_aws_starts_empty_and_leaves_moto_as_it_was() -> None:
    before = hooked()
    with EmbeddedAws(OPTIONS) as aws:
        aws.client("s3").put_object(Bucket=aws.outputs["UploadsName"], Key="left", Body=b"")
        assert hooked() != before
    assert hooked() == before

    with EmbeddedAws(OPTIONS) as aws:
        listed = aws.client("s3").list_objects_v2(Bucket=aws.outputs["UploadsName"])
        assert listed["KeyCount"] == 0


def test_a_stack_has_the_same_names_at_each_start_and_its_machines_are_parsed_once() -> None:
    started = []
    for _ in range(2):
        with EmbeddedAws(OPTIONS) as aws:
            listed = aws.client("lambda").list_functions()["Functions"]
            started.append(sorted(each["FunctionName"] for each in listed))
            parsed = definitions.parsed_texts()

    assert started[0] == started[1]
    assert any(re.search(r"-[0-9A-Z]{12}$", name) for name in started[0])
    with EmbeddedAws(OPTIONS):
        assert definitions.parsed_texts() == parsed


def test_two_at_once_in_one_process_are_refused() -> None:
    with EmbeddedAws(OPTIONS), pytest.raises(RuntimeError, match="already runs"):
        EmbeddedAws(OPTIONS).__enter__()

    with EmbeddedAws(OPTIONS) as aws:
        assert aws.outputs


def test_another_moto_is_refused_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.__version__", "6.0.0")

    with pytest.raises(MotoChangedError, match=r"written for moto 5\.2\.5, this is moto 6\.0\.0"):
        EmbeddedAws(OPTIONS).__enter__()


def test_what_is_not_done_is_listed_and_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with EmbeddedAws(OPTIONS) as aws:
        assert aws.not_done == ["Budget (AWS::Budgets::Budget)", "Nightly (schedule rate(1 day))"]

    lines = [each.message for each in caplog.records if "not done locally" in each.message]
    ours = [each for each in caplog.records if each.name.startswith("local_aws")]
    assert [each.message for each in ours if each.levelno >= logging.WARNING] == []
    assert lines == [
        "not done locally: Budget (AWS::Budgets::Budget), Nightly (schedule rate(1 day))"
    ]


def test_this_repositorys_template_is_done_but_for_what_watches_the_clock() -> None:
    options = Options(lambda_runtime=FakeRuntime.make)

    with EmbeddedAws(options) as aws:
        # Schedules do not fire and alarms are not evaluated, as the README says.
        assert [name.split(" ")[0] for name in aws.not_done] == [
            "CostAuditStateMachineDaily",
            "CountSpendFunctionDaily",
            "IdleEndpointsStateMachineHourly",
            "SpendAnomalyDetector",
            "SweepApprovalsFunctionEveryFiveMinutes",
            "SweepBedrockFunctionHourly",
            "SweepLedgerFunctionHourly",
            "WatchQualityFunctionHourly",
        ]
        assert aws.outputs["DataBucketName"] == "thriftline-data-123456789012-us-east-1"


def test_a_function_with_a_variable_that_runs_other_code_ends_the_start(tmp_path: Path) -> None:
    shutil.copytree(FIXTURE.parent, tmp_path / "fixture")
    template = tmp_path / "fixture" / "template.yaml"
    text = template.read_text()
    assert "GREETING:" in text
    template.write_text(text.replace("GREETING:", "LD_PRELOAD:", 1))
    options = Options(template=template, stack_name="alone", lambda_runtime=FakeRuntime.make)

    with pytest.raises(DeploymentError, match="LD_PRELOAD"):
        EmbeddedAws(options).__enter__()
