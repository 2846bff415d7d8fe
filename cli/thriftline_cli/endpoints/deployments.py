"""``deploy``, ``rollback`` and ``abort``."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from thriftline_cli import bedrock_rollback as bedrock
from thriftline_cli.endpoints.executions import (
    REFUSALS,
    call,
    follow,
    is_missing,
    name_of,
    output_of,
    start,
)
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.money import usd
from thriftline_cli.stack import Stack

MACHINE = "DeployModelStateMachineArn"
PREVIEW = "PreviewDeploymentFunctionName"
_NAMESPACE, _ABORT = "Thriftline/Serving", "AbortDeployment"
_CODES = {"deployed": Exit.DONE, "ignored": Exit.REFUSED, "refused": Exit.REFUSED}
Answer = tuple[dict[str, Any], Exit]


def deploy(asked: argparse.Namespace, stack: Stack) -> Answer:
    """Rolls a version out; waits for its verdict if asked to."""
    request = _request(asked, stack, "deploy")
    if asked.version is not None:
        request["model_package_arn"] = stack.version_arn(asked.project, asked.version)
    if asked.set:
        request["overrides"] = _overrides(asked.set)
    if asked.dry_run:
        return _previewed(request, stack)
    return _run(request, asked, stack)


def rollback(asked: argparse.Namespace, stack: Stack) -> Answer:
    """Brings the former version back: of the endpoint, or on Bedrock where that one answers."""
    if asked.endpoint is None and _answers_on_bedrock(asked.project, stack):
        return _on_bedrock(asked, stack)
    # Of several endpoints the person says which.
    asked.endpoint = stack.endpoint_of(asked.project, asked.endpoint)
    request = _request(asked, stack, "rollback")
    if asked.to is not None:
        request["to_version"] = asked.to
    if asked.dry_run:
        return _previewed(request, stack)
    answer, code = _run(request, asked, stack)
    if code is Exit.DONE and asked.wait:
        stack.say(
            "the registry still calls the version that was left Approved; reject it there if it "
            "must not be deployed again"
        )
    return answer, code


def abort(asked: argparse.Namespace, stack: Stack) -> Answer:
    """Stops the deployment that is under way: its abort alarm rolls it back."""
    endpoint = stack.endpoint_of(asked.project, asked.endpoint)
    (state,) = stack.items(endpoint, "endpoint")
    owner = state.get("lock_owner")
    if not owner:
        # A data point now would stop the next deployment instead.
        raise CommandError(f"no deployment of {endpoint} is under way", Exit.NOT_FOUND)
    if not str(owner).startswith("d-"):
        raise CommandError(
            f"{owner} holds {endpoint}, and is no deployment; end a comparison with `compare stop`",
            Exit.REFUSED,
        )
    answer = {"endpoint": endpoint, "deployment_id": owner, "asked": "abort"}
    if asked.dry_run:
        return {**answer, "asked": "nothing: a dry run"}, Exit.DONE
    stack.confirm(f"deployment {owner} of {endpoint} is rolled back")
    stack.of("cloudwatch").put_metric_data(
        Namespace=_NAMESPACE,
        MetricData=[
            {
                "MetricName": _ABORT,
                "Dimensions": [
                    {"Name": "EndpointName", "Value": endpoint},
                    {"Name": "DeploymentId", "Value": str(owner)},
                ],
                "Value": 1,
            }
        ],
    )
    stack.say(f"{owner} was asked to stop; its alarm looks once a minute")
    if not asked.wait:
        return answer, Exit.DONE
    document = _document(endpoint, str(owner), stack) or {}
    arn = document.get("execution_arn")
    if arn is None:
        raise CommandError(f"{owner} has no document yet; look at `list`", Exit.NOT_FOUND)
    ended = _ended(arn, asked, stack)
    return ended, Exit.DONE if ended.get("ending") == "rolled_back" else Exit.FAILED


def _request(asked: argparse.Namespace, stack: Stack, action: str) -> dict[str, Any]:
    request = {
        "action": action,
        "project": asked.project,
        "requested_by": stack.caller,
        "why": asked.why,
        "token": asked.token or stack.token(),
    }
    return request if asked.endpoint is None else {**request, "endpoint": asked.endpoint}


def _overrides(pairs: Sequence[str]) -> dict[str, Any]:
    """Reads ``rollout.type=canary`` and the like; a value is JSON where it is some."""
    found: dict[str, Any] = {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        section, _, key = path.partition(".")
        if not equals or not section:
            raise CommandError(f"--set {pair} is not of the form section.key=value", Exit.USAGE)
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        if key:
            found.setdefault(section, {})[key] = value
        else:
            found[section] = value
    return found


def _previewed(request: dict[str, Any], stack: Stack) -> Answer:
    answer = call(PREVIEW, request, stack)
    for check in answer.get("checks", []):
        mark = "ok" if check["passed"] else "NO"
        stack.say(f"{mark}  {check['name']}: {check['sentence']}")
        if not check["passed"]:
            stack.say(f"    fix: {check['fix']}")
    return answer, Exit.DONE if answer.get("would_deploy") else Exit.REFUSED


def _run(request: dict[str, Any], asked: argparse.Namespace, stack: Stack) -> Answer:
    """Starts what was previewed, and a person said yes to; a refusal is told before."""
    preview, code = _previewed(request, stack)
    if code is not Exit.DONE:
        return preview, code
    stack.confirm(_sentence(preview, request))
    name = name_of("d", request["token"], stack)
    arn = start(MACHINE, name, request, stack)
    stack.say(f"{name} was started")
    if not asked.wait:
        return {"deployment_id": name, "execution_arn": arn, "ending": None}, Exit.DONE
    answer = _ended(arn, asked, stack)
    return answer, _code(answer, request["action"])


def _sentence(preview: dict[str, Any], request: dict[str, Any]) -> str:
    price = preview.get("price") or preview
    rollout, month = price.get("rollout_usd"), price.get("month_usd")
    where = f"version {preview.get('version')} behind {preview.get('endpoint')}"
    dollars = f"the roll-out costs {usd(rollout)}, a month at most {usd(month)}"
    return f"{request['action']} of {request['project']}: {where}; {dollars}"


def _code(answer: dict[str, Any], action: str) -> Exit:
    refused = REFUSALS.get(str(answer.get("error")))
    if refused is not None:
        return refused
    # A rollback that stopped the deployment under way has nothing more to do.
    if action == "rollback" and answer.get("ending") == "ended":
        return Exit.DONE
    return _CODES.get(str(answer.get("ending")), Exit.FAILED)


def _ended(arn: str, asked: argparse.Namespace, stack: Stack) -> dict[str, Any]:
    found = follow(
        arn,
        stack,
        timeout=asked.timeout,
        every=asked.every,
        progress=lambda: _progress(arn, stack),
    )
    answer = output_of(found)
    owner = stack.owner_of(arn)
    document = _document(*owner, stack) if owner else None
    if document is None:
        return {"execution_arn": arn, **answer}
    shown = {
        "deployment_id": document["deployment_id"],
        "endpoint": document["endpoint"],
        "ending": document["ending"] or answer.get("ending"),
        "reason": document["reason"] or answer.get("reason"),
        "version": document["version"]["number"],
        "requests": document["watch"]["invocations"],
        "error": answer.get("error"),
        "document": f"s3://{stack.output('ArtifactsBucketName')}/"
        f"{_key(document['endpoint'], document['deployment_id'])}",
    }
    return {**shown, "checks": document["checks"], "price": document["price"]}


def _progress(arn: str, stack: Stack) -> str | None:
    owner = stack.owner_of(arn)
    if owner is None:
        return None
    try:
        found = stack.of("sagemaker").describe_endpoint(EndpointName=owner[0])
    except ClientError as error:
        if is_missing(error):
            return f"{owner[1]}: looks at everything first"
        raise
    pending = found.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
    stages = [status["Status"] for one in pending for status in one.get("VariantStatus", [])]
    # Several variants, or both fleets, may be at the same stage.
    return f"{owner[1]}: {', '.join(dict.fromkeys([found['EndpointStatus'], *stages]))}"


def _key(endpoint: str, deployment_id: str) -> str:
    return f"serving/{endpoint}/deployments/{deployment_id}.json"


def _document(endpoint: str, deployment_id: str, stack: Stack) -> dict[str, Any] | None:
    body = stack.document(_key(endpoint, deployment_id))
    return None if body is None else json.loads(body)


def _answers_on_bedrock(project: str, stack: Stack) -> bool:
    """The newest approved version says who made it; a project without versions says nothing."""
    try:
        approved = next(
            (one for one in stack.versions(project) if one["ModelApprovalStatus"] == "Approved"),
            None,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            return False
        raise
    if approved is None:
        return False
    found = stack.of("sagemaker").describe_model_package(
        ModelPackageName=approved["ModelPackageArn"]
    )
    told: dict[str, str] = found.get("CustomerMetadataProperties", {})
    return told.get("trainer") == "bedrock"


def _on_bedrock(asked: argparse.Namespace, stack: Stack) -> Answer:
    """The rollback of Bedrock's own deployment: its steps are told, its end is the answer."""
    services = bedrock.Services(
        sagemaker=stack.of("sagemaker"),
        bedrock=lambda: stack.of("bedrock"),
        s3=lambda: stack.of("s3"),
        say=stack.say,
        sleep=stack.sleep,
        now=stack.now,
    )
    looks = max(1, round(asked.timeout / 15))
    try:
        bedrock.roll_back(asked.project, stack.name, services, dry_run=asked.dry_run, looks=looks)
    except bedrock.RollbackError as error:
        raise CommandError(str(error), Exit.FAILED) from error
    ending = "nothing: a dry run" if asked.dry_run else "deployed"
    return {"project": asked.project, "answers_on": "bedrock", "ending": ending}, Exit.DONE
