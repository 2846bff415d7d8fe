"""What people and other systems are told of a deployment."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thriftline.core.message import Message, Tone, facts_of
from thriftline.core.text import plain, plain_lines
from thriftline.serving.schemas.deployment import Deployment, Watch
from thriftline.serving.schemas.events import DeploymentEnded

_HEADLINES: Mapping[str, str] = {
    "deployed": "is in service",
    "rolled_back": "was rolled back",
    "inconclusive": "proved nothing",
    "failed": "failed",
    "refused": "was refused; nothing was changed",
}


_TONES: Mapping[str, Tone] = {
    "deployed": "good",
    "rolled_back": "problem",
    "inconclusive": "notice",
    "failed": "problem",
    "refused": "problem",
}


def message_of(deployment: Deployment, document_uri: str) -> Message:
    """Returns the message about a deployment that ended."""
    advice = _advice(deployment)
    watch, price = deployment.watch, deployment.price
    return Message(
        kind="deployment",
        tone=_TONES[deployment.ending or "failed"],
        thread=deployment.deployment_id,
        title=_subject(deployment),
        sentence=_sentence(deployment),
        detail=deployment.reason,
        facts=facts_of(
            {
                "Endpoint": f"{deployment.endpoint} ({deployment.kind})",
                "Asked by": f"{deployment.requested_by}{_why(deployment)}",
                "Model": deployment.version.model_package_arn,
                "Requests": _requests(watch),
                "Notes": " ".join(deployment.notes),
                "Record": document_uri,
            }
        ),
        dollars=None
        if price is None or price.rollout_usd is None
        else f"{_usd(price.rollout_usd)} expected for the roll-out",
        next_steps=(advice,) if advice else (),
        text=_text(deployment, document_uri),
    )


def _sentence(deployment: Deployment) -> str:
    what = "Rollback" if deployment.action == "rollback" else "Deployment"
    return (
        f"{what} {deployment.deployment_id} of version {deployment.version.number} on "
        f"{deployment.endpoint} {_HEADLINES[deployment.ending or 'failed']}."
    )


def _requests(watch: Watch) -> str | None:
    if watch.invocations is None:
        return None
    return f"{watch.invocations:,} under watch, {watch.probes:,} of them ours"


def _subject(deployment: Deployment) -> str:
    """One line for the subject of an e-mail."""
    ending = (deployment.ending or "failed").replace("_", " ")
    what = "rollback" if deployment.action == "rollback" else "deployment"
    return f"Thriftline: {deployment.project} {what} {ending}"


def _text(deployment: Deployment, document_uri: str) -> str:
    """A few lines: what happened, why, what serves now, what it was to cost, where to read on."""
    lines = [
        _sentence(deployment),
        "",
        plain_lines(deployment.reason),
        "",
        f"Endpoint: {deployment.endpoint} ({deployment.kind})",
        f"Asked by: {plain(deployment.requested_by)}{_why(deployment)}",
        f"Model:    {deployment.version.model_package_arn}",
    ]
    if requests := _requests(deployment.watch):
        lines.append(f"Requests: {requests}")
    if deployment.price is not None and deployment.price.rollout_usd is not None:
        lines.append(f"Expected: {_usd(deployment.price.rollout_usd)} for the roll-out")
    lines += [f"Note:     {plain(note)}" for note in deployment.notes]
    lines.append(f"Record:   {document_uri}")
    advice = _advice(deployment)
    return "\n".join([*lines, *(["", advice] if advice else [])]) + "\n"


def _why(deployment: Deployment) -> str:
    return f": {plain(deployment.why)}" if deployment.why else ""


def _advice(deployment: Deployment) -> str:
    return {
        "rolled_back": "The former version answers as before. The record names the alarms.",
        "inconclusive": "Too few requests came to judge by; see min_requests in serve.yaml.",
        "failed": "Look at the endpoint; a rollback brings the former version back.",
    }.get(deployment.ending or "", "")


def refusal_message(
    request: Mapping[str, Any], state: str, error: str, message: str, execution: str
) -> Message:
    """Returns the message about a request that never became a deployment."""
    asked = request.get("project") or request.get("model_package_arn") or "a deployment"
    sentence = (
        f"{plain(request.get('requested_by', 'Somebody'))} asked for {plain(asked)}. It ended in "
        f"{state} ({error}); nothing was changed."
    )
    return Message(
        kind="deployment",
        tone="problem",
        thread=execution,
        title=f"Thriftline: {plain(asked)} was not deployed",
        sentence=sentence,
        detail=message,
        text=f"{sentence}\n\n{plain_lines(message)}\n",
    )


def event_of(deployment: Deployment, document_uri: str) -> DeploymentEnded:
    """The event names the deployment and its ending; the rest is in its document."""
    return DeploymentEnded(
        deployment_id=deployment.deployment_id,
        endpoint=deployment.endpoint,
        project=deployment.project,
        action=deployment.action,
        kind=deployment.kind,
        ending=deployment.ending,
        reason=deployment.reason[:2_000],
        requested_by=deployment.requested_by,
        model_package_arn=deployment.version.model_package_arn,
        registry_version=deployment.version.number,
        in_use=deployment.in_use,
        invocations=deployment.watch.invocations,
        document_uri=document_uri,
    )


def _usd(amount: Decimal) -> str:
    return f"${amount.quantize(Decimal('0.0001' if amount < Decimal('0.1') else '0.01'))}"
