"""``ask``: sends texts to a project's endpoint, with the person's own credentials."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from thriftline_cli.answers import shown
from thriftline_cli.context import Context
from thriftline_cli.endpoints.asking import answers_on_bedrock, endpoint_of
from thriftline_cli.endpoints.texts import Record, batches, records_of
from thriftline_cli.exits import CommandError, Exit, Rehearsed

COLUMNS = ("label", "score", "text")
# While it changes, the former version answers.
_ANSWERING = ("InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed")
_DENIED = ("AccessDenied", "AccessDeniedException")
_MOST_SHOWN = 500
_Found = Mapping[str, Any]


def ask(asked: argparse.Namespace, context: Context) -> None:
    """Sends the texts and writes an answer for each.

    Raises:
        CommandError: nothing answers there, or what answers refuses.
    """
    records = records_of(asked.texts, asked.pair or (), asked.file, context)
    endpoint = _endpoint(asked, context)
    found = context.api.get(f"/endpoints/{endpoint}")
    _check_answers(found, asked.project)
    target = _target(found, asked)
    if context.dry_run:
        raise Rehearsed("InvokeEndpoint", endpoint, {"inputs": records})
    answers: list[dict[str, Any]] = []
    for batch in batches(records):
        answers += _answered(batch, target, asked, context)
    context.out.rows(answers, COLUMNS, cut=("text",), of=_row)
    cut = sum(bool(one.get("truncated")) for one in answers)
    if cut:
        context.say(f"the model reads only the beginning of {cut} of these texts (truncated)")


def _endpoint(asked: argparse.Namespace, context: Context) -> str:
    try:
        return endpoint_of(asked, context)
    except CommandError as error:
        if error.code is not Exit.NOT_FOUND or asked.endpoint is not None:
            raise
        if not answers_on_bedrock(asked.project, context):
            raise
        raise CommandError(
            f"the model of {asked.project} answers on Bedrock and has no endpoint; ask its "
            "deployment by Converse of bedrock-runtime (docs/bedrock.md)",
            Exit.NOT_FOUND,
        ) from error


def _check_answers(found: _Found, project: str) -> None:
    """Returns where the endpoint can answer, or where its state is not known."""
    name, status = found["endpoint"], found["status"]
    if found["kind"] == "asynchronous":
        raise CommandError(
            f"{name} is asynchronous: it takes objects of S3 and leaves its answers there; "
            f"thriftline transform {project} classifies texts in S3 too",
            Exit.REFUSED,
        )
    if status is None or status in _ANSWERING:
        return
    if status == "asleep":
        raise CommandError(f"{name} sleeps{_until(found, project)}", Exit.REFUSED)
    if status == "missing":
        raise CommandError(
            f"the endpoint {name} is not there; thriftline endpoints deploy {project} makes it",
            Exit.NOT_FOUND,
        )
    raise CommandError(
        f"{name} is not in service, it is {status}"
        f"{': ' + shown(found['failure_reason']) if found['failure_reason'] else ''}; "
        f"thriftline endpoints get {name} shows it",
        Exit.REFUSED,
    )


def _until(found: _Found, project: str) -> str:
    hours = found["schedule"] or {}
    wakes = f" and wakes at {hours['on']} {hours['timezone']}" if hours.get("on") else ""
    return f"{wakes}; thriftline endpoints schedule {project} wake brings it back at once"


def _target(found: _Found, asked: argparse.Namespace) -> dict[str, str]:
    name = str(found["endpoint"])
    if found["kind"] == "component":
        # As the stack names the one component of an endpoint.
        return {"EndpointName": name, "InferenceComponentName": f"{name[:57].rstrip('-')}-model"}
    if found["kind"] != "multi-model":
        return {"EndpointName": name}
    if not asked.model:
        raise CommandError(
            f"{name} has many models; say --model, as target_model of the deployment's document "
            "names it",
            Exit.USAGE,
        )
    return {"EndpointName": name, "TargetModel": str(asked.model)}


def _answered(
    batch: Sequence[Record], target: Mapping[str, str], asked: argparse.Namespace, context: Context
) -> list[dict[str, Any]]:
    body: dict[str, Any] = {"inputs": batch}
    if asked.probabilities:
        body["probabilities"] = True
    try:
        answer = context.aws("sagemaker-runtime").invoke_endpoint(
            **target,
            Body=json.dumps(body, ensure_ascii=False).encode(),
            ContentType="application/json",
            Accept="application/json",
        )
    except ClientError as error:
        raise _refused(error, target["EndpointName"]) from error
    said = _read(answer["Body"].read())
    if not isinstance(said, list) or len(said) != len(batch):
        raise CommandError(
            f"{target['EndpointName']} answered {shown(said)[:_MOST_SHOWN]}: not one object for "
            f"each of the {len(batch)} texts",
            Exit.FAILED,
        )
    return [
        {**record, **(one if isinstance(one, Mapping) else {"answer": one})}
        for record, one in zip(batch, said, strict=True)
    ]


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _refused(error: ClientError, endpoint: str) -> Exception:
    response: Mapping[str, Any] = error.response
    code = response.get("Error", {}).get("Code", "")
    message = shown(response.get("Error", {}).get("Message", ""))
    if code in _DENIED:
        return CommandError(
            f"not allowed: asking {endpoint} needs sagemaker:InvokeEndpoint on it, which the "
            f"policy of ApiOperatePolicyArn has unless projects are closed. {message}",
            Exit.NOT_ALLOWED,
        )
    if code == "ModelError":
        status = response.get("OriginalStatusCode")
        said = _read(str(response.get("OriginalMessage") or message).encode())
        text = said.get("error") if isinstance(said, Mapping) else said
        refuses = isinstance(status, int) and 400 <= status < 500
        return CommandError(
            f"the model of {endpoint} {'refuses' if refuses else 'failed'} ({status}): "
            f"{shown(text)[:_MOST_SHOWN]}",
            Exit.USAGE if refuses else Exit.FAILED,
        )
    if code == "ValidationError" and "not found" in message:
        return CommandError(
            f"SageMaker has no endpoint {endpoint} in service here: {message}", Exit.NOT_FOUND
        )
    return error


def _row(one: _Found) -> dict[str, Any]:
    text = " | ".join(one[name] for name in ("text", "text_pair") if name in one)
    if "label" in one:
        return {"label": one["label"], "score": _digits(one.get("score")), "text": text}
    if "labels" not in one:
        return {"label": one.get("answer"), "score": None, "text": text}
    scores = one.get("probabilities") or {}
    return {
        "label": ", ".join(one["labels"]) or "none",
        "score": ", ".join(str(_digits(scores.get(label))) for label in one["labels"]) or None,
        "text": text,
    }


def _digits(score: Any) -> Any:
    return f"{score:.4f}" if isinstance(score, float) else score
