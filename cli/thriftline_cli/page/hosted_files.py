"""What is published: the page's files, and the file that says where its API and its login are."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from thriftline_cli.ui.files import Files

CONFIG = "config.json"
INDEX = "index.html"
# A browser asks each time, and the edge has the answer until the next publishing.
_CACHING = "public, max-age=0, must-revalidate, s-maxage=31536000"
_OWN_ALONE = re.compile(r"connect-src 'self'(?=[;\"])")


@dataclass(frozen=True)
class HostedFile:
    """A file as it lies in the bucket."""

    key: str
    body: bytes
    content_type: str
    caching: str = _CACHING


def settings_of(stack: str, region: str, outputs: Mapping[str, str]) -> dict[str, object]:
    """Returns what the page reads first; ``outputs`` are those of a stack with a hosted page."""
    api = urlsplit(outputs["ApiUrl"])
    return {
        "stack": stack,
        "region": region,
        "is_embedded": False,
        # The path at the page's own address is the API's own, with its stage: it is what is signed.
        "api": {"origin": f"{api.scheme}://{api.netloc}", "path": api.path.strip("/")},
        "sign_in": {
            "login": outputs["PageLoginUrl"],
            "client_id": outputs["PageClientId"],
            "user_pool": f"cognito-idp.{region}.amazonaws.com/{outputs['PageUserPoolId']}",
            "identity_pool": outputs["PageIdentityPoolId"],
            "identity": f"https://cognito-identity.{region}.amazonaws.com/",
        },
    }


def hosted_files(files: Files, settings: Mapping[str, object]) -> list[HostedFile]:
    """Returns what lies in the bucket, in the order in which it is put there.

    What index.html names comes before it, so that no reader's page lacks a part.
    """
    config = HostedFile(CONFIG, json.dumps(settings, indent=2).encode(), "application/json")
    found = [
        _hosted(path.removeprefix("/"), files, settings) for path in files.by_path if path != "/"
    ]
    return [config, *sorted(found, key=lambda one: (one.key == INDEX, one.key))]


def _hosted(key: str, files: Files, settings: Mapping[str, object]) -> HostedFile:
    answer = files.answer(f"/{key}")
    body = answer.body
    if key == INDEX:
        body = _with_login(body.decode(), settings).encode()
    return HostedFile(key, body, answer.headers["Content-Type"])


def _with_login(text: str, settings: Mapping[str, object]) -> str:
    """Returns index.html with Cognito in its own policy, as it stands in the stack's header."""
    sign_in = settings["sign_in"]
    assert isinstance(sign_in, Mapping)
    allowed = f"connect-src 'self' {str(sign_in['identity']).rstrip('/')} {sign_in['login']}"
    changed, count = _OWN_ALONE.subn(allowed, text)
    if count != 1:
        raise ValueError(f"{INDEX} has {count} policies with connect-src 'self'; one is expected")
    return changed
