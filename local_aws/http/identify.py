"""Which call a request is."""

import logging
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

from local_aws.http.callers import credential_scope
from local_aws.http.supported import BOTO_NAMES

LOG = logging.getLogger(__name__)

Environ = dict[str, Any]

_MAX_FORM_BYTES = 8 * 1024 * 1024
# Both halves of Bedrock sign as one service, and so do those of SageMaker.
_RUNTIME_PATHS = {
    "bedrock": ("bedrock-runtime", "/model/"),
    "sagemaker": ("sagemaker-runtime", "/endpoints/"),
}
# Calls of S3's directory buckets are signed as a service of their own.
_MODELS = {"s3express": "s3"}
# moto serves these itself, whatever service a request is for.
_OWN_PATHS_OF_MOTO = ("/moto-api", "/favicon.ico", "/latest/meta-data/", "/latest/api/")


# The REST APIs of the stack: a path of theirs may be any.
API_PREFIX = "/_aws/execute-api/"


@dataclass(frozen=True)
class Call:
    """One AWS call: boto3's name of the service, and the operation if it is known."""

    service: str
    operation: str | None


def identify(environ: Environ) -> Call:
    """Find out which call a request is."""
    if environ.get("PATH_INFO", "").startswith(API_PREFIX):
        return Call("execute-api", "Invoke")
    service = _service(environ)
    return Call(service, _operation(service, environ))


def _service(environ: Environ) -> str:
    scope = credential_scope(environ)
    # Unsigned requests are S3's, as they are to moto.
    name = scope[3].lower() if scope else "s3"
    path = environ.get("PATH_INFO", "")
    if path.startswith(_OWN_PATHS_OF_MOTO) or (not scope and _names_a_service(path)):
        name = "moto-api"
    runtime, runtime_path = _RUNTIME_PATHS.get(name, ("", ""))
    if runtime and path.startswith(runtime_path):
        return runtime
    return BOTO_NAMES.get(name, name)


def _names_a_service(path: str) -> bool:
    # moto takes an unsigned /iam_us-east-1/ for a call of IAM; no bucket's name has a "_".
    return "_" in path.removeprefix("/").partition("/")[0]


def _operation(service: str, environ: Environ) -> str | None:
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return str(target).rsplit(".", 1)[-1]
    path = environ.get("PATH_INFO", "")
    if path.startswith("/service/") and "/operation/" in path:
        return str(path.rsplit("/", 1)[-1])
    action = _form_action(environ)
    if action and environ.get("REQUEST_METHOD") != "POST":
        # A link must not change anything, and no client sends an action by GET.
        return None
    return action or _rest_operation(service, environ)


def _form_action(environ: Environ) -> str | None:
    query: dict[str, list[str]] = parse_qs(environ.get("QUERY_STRING", ""))
    if "Action" in query:
        return str(query["Action"][0])
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return None
    length = min(int(environ.get("CONTENT_LENGTH") or 0), _MAX_FORM_BYTES)
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    form = parse_qs(body.decode("utf-8", "replace"))
    return str(form["Action"][0]) if "Action" in form else None


def _rest_operation(service: str, environ: Environ) -> str | None:
    try:
        model = _MODELS.get(service, service)
        operation, _ = get_service_router(model).match(Request(environ))
    except (HTTPException, LookupError, ValueError, OSError):
        return _post_object(service, environ)
    except Exception as error:
        # botocore has several of its own for a service that it does not know.
        LOG.debug("no operation for %s: %s", service, error)
        return None
    return str(operation.name)


def _post_object(service: str, environ: Environ) -> str | None:
    multipart = environ.get("CONTENT_TYPE", "").startswith("multipart/form-data")
    return "PostObject" if service == "s3" and multipart else None
