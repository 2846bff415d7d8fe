"""deploy/github/ and the stack set: one repository, one environment a role, nothing by hand."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "github"
WORKFLOW = FOLDER / "workflows" / "deploy.yml"
TOKENS = "token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    # YAML 1.1 reads the key "on" as true.
    loaded: dict[str, Any] = yaml.load(WORKFLOW.read_text(), Loader=yaml.BaseLoader)
    return loaded


@pytest.fixture(scope="module")
def roles() -> dict[str, Any]:
    resources: dict[str, Any] = yaml_parse((FOLDER / "oidc.yaml").read_text())["Resources"]
    return resources


@pytest.mark.parametrize("path", ["deploy/github/oidc.yaml", "docs/member_account.yaml"])
def test_a_template_is_valid(path: str) -> None:
    lint = ROOT / ".venv" / "bin" / "cfn-lint"
    done = subprocess.run([lint, ROOT / path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("role", "environment"), [("PlanRole", "PlanEnvironment"), ("DeployRole", "DeployEnvironment")]
)
def test_a_role_trusts_one_environment_of_one_repository(
    roles: dict[str, Any], role: str, environment: str
) -> None:
    (trust,) = roles[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{TOKENS}:aud": "sts.amazonaws.com",
            f"{TOKENS}:sub": {"Fn::Sub": f"repo:${{Repository}}:environment:${{{environment}}}"},
        }
    }


def test_no_file_trusts_a_whole_organisation() -> None:
    for path in FOLDER.rglob("*.*"):
        assert not re.search(r"repo:[^\s\"']*\*", path.read_text()), path


def test_who_only_plans_executes_nothing(roles: dict[str, Any]) -> None:
    text = json.dumps(roles["PlanRole"]["Properties"]["Policies"])
    assert "ExecuteChangeSet" not in text
    assert "cloudformation:*" not in text


def test_every_job_has_the_least_permissions_and_an_environment(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {}
    environments = {name: job["environment"] for name, job in workflow["jobs"].items()}
    assert environments == {"plan": "plan", "deploy": "production", "drift": "plan"}
    for job in workflow["jobs"].values():
        assert job["permissions"] == {"id-token": "write", "contents": "read"}


def test_every_action_is_pinned_by_its_commit(workflow: dict[str, Any]) -> None:
    used = [
        step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step
    ]
    assert used
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", one) for one in used)


def test_the_plan_builds_before_it_has_any_right(workflow: dict[str, Any]) -> None:
    steps = workflow["jobs"]["plan"]["steps"]
    built = next(i for i, step in enumerate(steps) if 'sam" build' in step.get("run", ""))
    rights = next(i for i, step in enumerate(steps) if "configure-aws" in step.get("uses", ""))
    assert built < rights


def test_a_pull_request_never_deploys(workflow: dict[str, Any]) -> None:
    assert "github.event_name == 'push'" in workflow["jobs"]["deploy"]["if"]
    assert workflow["on"]["push"]["branches"] == ["main"]
    assert "pull_request_target" not in workflow["on"]


def test_the_parameters_are_the_templates(template: dict[str, Any]) -> None:
    given = json.loads((FOLDER / "parameters.json").read_text())
    assert {one["ParameterKey"] for one in given} <= set(template["Parameters"])
    for one in given:
        pattern = template["Parameters"][one["ParameterKey"]].get("AllowedPattern", "")
        assert re.search(pattern, one["ParameterValue"])


def test_the_stack_sets_parameters_are_those_of_the_members_template() -> None:
    members = yaml_parse((ROOT / "docs" / "member_account.yaml").read_text())["Parameters"]
    commands = (ROOT / "docs" / "deploying.md").read_text()
    named = set(re.findall(r"ParameterKey=(\w+)", commands))
    assert named <= set(members)
    assert {name for name, one in members.items() if "Default" not in one} <= named


STAND_IN = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in
  *"wait change-set-create-complete"*) exit "${WAIT:-0}" ;;
  *StatusReason*) echo "${REASON:-}" ;;
  *"detect-stack-drift "*) echo id-1 ;;
  *drift-detection-status*) echo "${DETECTION:-DETECTION_COMPLETE}" ;;
  *resource-drifts*) [ -z "${DRIFT:-}" ] || echo "$DRIFT" ;;
esac
"""


def run(tmp_path: Path, what: str, **more: str) -> tuple[int, str, str]:
    """Runs the script with stand-ins; returns its code, the calls, and its outputs."""
    for name in ("aws", "sam", "sleep"):
        path = tmp_path / name
        path.write_text(STAND_IN)
        path.chmod(0o755)
    calls, output = tmp_path / "calls", tmp_path / "output"
    calls.touch()
    output.touch()
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "CALLS": str(calls),
        "SAM": str(tmp_path / "sam"),
        "STACK": "thriftline",
        "BUCKET": "packages",
        "AWS_REGION": "eu-west-1",
        "NAME": "github-1-1",
        "CLOUDFORMATION_ROLE": "arn:role",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        **more,
    }
    done = subprocess.run(
        ["/bin/bash", FOLDER / "change_set.sh", what],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, calls.read_text(), output.read_text()


def test_a_plan_makes_a_change_set_and_names_it(tmp_path: Path) -> None:
    code, calls, output = run(tmp_path, "plan")
    assert code == 0
    assert "create-change-set --stack-name thriftline --change-set-name github-1-1" in calls
    assert "execute-change-set" not in calls
    assert output == "changes=true\nname=github-1-1\n"


def test_a_plan_without_changes_is_no_failure_and_any_other_is(tmp_path: Path) -> None:
    reason = "The submitted information didn't contain changes."
    code, calls, output = run(tmp_path, "plan", WAIT="255", REASON=reason)
    assert (code, output) == (0, "changes=false\n")
    assert "delete-change-set" in calls
    code, _, output = run(tmp_path, "plan", WAIT="255", REASON="Template error")
    assert code == 1


def test_drift_fails_where_something_drifted_or_could_not_be_seen(tmp_path: Path) -> None:
    assert run(tmp_path, "drift")[0] == 0
    assert run(tmp_path, "drift", DRIFT="MODIFIED DataBucket")[0] == 1
    assert run(tmp_path, "drift", DETECTION="DETECTION_FAILED")[0] == 1


def test_execute_waits_for_the_stack(tmp_path: Path) -> None:
    code, calls, _ = run(tmp_path, "execute")
    assert code == 0
    assert calls.index("execute-change-set") < calls.index("wait stack-update-complete")
