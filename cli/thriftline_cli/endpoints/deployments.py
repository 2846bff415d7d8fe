"""``deploy``, ``rollback`` and ``abort``."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from thriftline_cli import bedrock_rollback as bedrock
from thriftline_cli.api.client import segment
from thriftline_cli.context import Context
from thriftline_cli.endpoints.asking import (
    Answer,
    answers_on_bedrock,
    body_of,
    endpoint_of,
    refusals,
)
from thriftline_cli.endpoints.showing import deployment_page, preview_page
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.following import TIMEOUT, follow
from thriftline_cli.money import usd

_CODES = {"deployed": Exit.DONE, "refused": Exit.REFUSED}
# What a deployment that was never opened was refused by.
_REFUSALS = {
    "DeploymentInProgressError": Exit.REFUSED,
    "DeploymentRefusedError": Exit.REFUSED,
    "InvalidServeSpecError": Exit.REFUSED,
    "NothingToRollBackToError": Exit.NOT_FOUND,
}


def deploy(asked: argparse.Namespace, context: Context) -> Answer:
    """Rolls a version out; waits for its verdict if asked to."""
    body = body_of(asked, version=asked.version, overrides=_overrides(asked.set or ()))
    if asked.endpoint is None:
        # serve.yaml of the project says which one it is.
        return _run(f"/projects/{segment(asked.project)}/deployments", body, asked, context)
    path = f"/endpoints/{segment(asked.endpoint)}/deployments"
    return _run(path, {**body, "project": asked.project}, asked, context)


def rollback(asked: argparse.Namespace, context: Context) -> Answer:
    """Brings the former version back: of the endpoint, or on Bedrock where that one answers."""
    if asked.endpoint is None and answers_on_bedrock(asked.project, context):
        return _on_bedrock(asked, context)
    path = f"/endpoints/{endpoint_of(asked, context)}/rollback"
    answer, code, page = _run(path, body_of(asked, to_version=asked.to), asked, context)
    if code is Exit.DONE and context.waits:
        context.say(
            "the registry still calls the version that was left Approved; reject it there if it "
            "must not be deployed again"
        )
    return answer, code, page


def abort(asked: argparse.Namespace, context: Context) -> Answer:
    """Stops the deployment that is under way: its abort alarm rolls it back."""
    endpoint = endpoint_of(asked, context)
    owner = context.api.get(f"/endpoints/{endpoint}")["under_way"]
    if owner is None:
        raise CommandError(f"no deployment of {endpoint} is under way", Exit.NOT_FOUND)
    context.confirm(f"{owner} of {endpoint} is rolled back to what served before")
    started = context.api.post(f"/endpoints/{endpoint}/abort", body_of(asked), key=asked.token)
    context.say(f"{started['id']} was asked to stop; its alarm looks once a minute")
    if not context.waits:
        answer = {"endpoint": endpoint, "deployment_id": started["id"], "asked": "abort"}
        return answer, Exit.DONE, None
    ended = _ended(str(started["href"]), str(started["id"]), context)
    code = Exit.DONE if ended["ending"] == "rolled_back" else Exit.FAILED
    return ended, code, deployment_page(ended)


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


def _run(path: str, body: Mapping[str, Any], asked: argparse.Namespace, context: Context) -> Answer:
    """Starts what was previewed, and a person said yes to; a refusal is told before."""
    with refusals():
        preview = context.api.rehearse(path, body)
    _say_checks(preview, context)
    if context.dry_run or not preview["would_deploy"]:
        code = Exit.DONE if preview["would_deploy"] else Exit.REFUSED
        return {**preview, **preview["price"]}, code, preview_page(preview)
    context.confirm(_sentence(preview))
    with refusals():
        started = context.api.post(path, body, key=asked.token)
    own, href = str(started["id"]), str(started["href"])
    context.say(f"deployment {own} was started")
    if not context.waits:
        answer = {
            "deployment_id": own,
            "endpoint": started["endpoint"],
            "version": started["version"],
            "ending": None,
        }
        return answer, Exit.DONE, None
    ended = _ended(href, own, context)
    if ended["ending"] == "deployed":
        context.say(f'to ask it: thriftline endpoints ask {preview["project"]} "a text"')
    return ended, _code(ended), deployment_page(ended)


def _say_checks(preview: Mapping[str, Any], context: Context) -> None:
    for check in preview["checks"]:
        context.say(f"{'ok' if check['passed'] else 'NO'}  {check['name']}: {check['sentence']}")
        if not check["passed"]:
            context.say(f"    fix: {check['fix']}")


def _sentence(preview: Mapping[str, Any]) -> str:
    price = preview["price"]
    where = f"version {preview['version']} behind {preview['endpoint']}"
    dollars = f"the roll-out costs {usd(price['rollout_usd'])}, a month at most "
    return f"{preview['action']} of {preview['project']}: {where}; {dollars}" + usd(
        price["month_usd"]
    )


def _ended(href: str, own: str, context: Context) -> dict[str, Any]:
    found = follow(
        href,
        context,
        is_over=lambda one: one["state"] in ("ended", "refused"),
        progress=lambda one: f"{own}: {_at(one)}",
        goes_on=f"{own} is still under way after {context.option('timeout', TIMEOUT) / 60:g} "
        "minutes and goes on; thriftline endpoints list PROJECT shows it",
    )
    return {**found, "version": found["registry_version"], "document": found["document_uri"]}


def _at(found: Mapping[str, Any]) -> str:
    if found["state"] == "opening":
        return "looks at everything first"
    return str((found["stages"] or ("is prepared",))[-1])


def _code(found: Mapping[str, Any]) -> Exit:
    if found["state"] == "refused":
        return _REFUSALS.get(str(found["error"]), Exit.FAILED)
    # A rollback that stopped the deployment under way has nothing more to do.
    if found["action"] == "rollback" and found["ending"] == "ended":
        return Exit.DONE
    return _CODES.get(str(found["ending"]), Exit.FAILED)


def _on_bedrock(asked: argparse.Namespace, context: Context) -> Answer:
    """The rollback of Bedrock's own deployment, with the person's own permissions.

    No function of the stack may change what answers there; its steps are told, its end is the
    answer.
    """
    services = bedrock.Services(
        sagemaker=context.aws("sagemaker"),
        bedrock=lambda: context.aws("bedrock"),
        s3=lambda: context.aws("s3"),
        say=context.say,
        sleep=context.sleep,
        now=context.now,
    )
    looks = max(1, round(context.option("timeout", TIMEOUT) / 15))
    dry_run = context.dry_run
    try:
        bedrock.roll_back(asked.project, context.stack_name, services, dry_run=dry_run, looks=looks)
    except bedrock.RollbackError as error:
        raise CommandError(str(error), Exit.FAILED) from error
    ending = "nothing: a dry run" if dry_run else "deployed"
    return {"project": asked.project, "answers_on": "bedrock", "ending": ending}, Exit.DONE, None
