"""Signature Version 4 of a request, worked out anew from what arrived.

The path is taken as it was sent, and each of its segments is encoded once more, as every service
but S3 has it; the values of the query are decoded and encoded anew, so that a "+" is a blank.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW = timedelta(minutes=5)
_SERVICE = "execute-api"
_PART = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
_TIME = "%Y%m%dT%H%M%SZ"


class NotSignedError(Exception):
    """The request has no signature."""


class SignatureError(Exception):
    """The request's signature is not one that this request can have."""


@dataclass(frozen=True)
class SignedRequest:
    """A request as it arrived; the names of the headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Signature:
    """What an Authorization header says."""

    access_key: str
    scope: tuple[str, str, str]
    headers: tuple[str, ...]
    value: str
    moment: datetime


def read_signature(headers: Mapping[str, str], *, region: str, now: datetime) -> Signature:
    """Read a request's signature, and look at its time and its scope.

    Raises:
        NotSignedError: there is none.
        SignatureError: it is not complete, of another time, region or service.
    """
    header = headers.get("authorization", "").strip()
    if not header:
        raise NotSignedError
    if not header.startswith(ALGORITHM):
        raise SignatureError(f"Authorization header requires '{ALGORITHM}'.")
    parts = dict(_PART.findall(header))
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if name not in parts]
    if missing:
        wanted = ", ".join(f"'{name}'" for name in missing)
        raise SignatureError(f"Authorization header requires {wanted} parameter.")
    access_key, *scope = parts["Credential"].rsplit("/", 4)
    if len(scope) != 4 or scope[1:] != [region, _SERVICE, "aws4_request"]:
        raise SignatureError(
            f"Credential should be scoped to a valid region and correct service: '{_SERVICE}'."
        )
    moment = _moment(headers, scope[0], now)
    signed = tuple(parts["SignedHeaders"].lower().split(";"))
    if absent := {"host", "x-amz-date"} - set(signed):
        raise SignatureError(f"'{sorted(absent)[0]}' must be a 'SignedHeader'.")
    return Signature(access_key, (scope[0], region, _SERVICE), signed, parts["Signature"], moment)


def check_signature(signature: Signature, secret: str, request: SignedRequest) -> None:
    """Refuse a request whose signature this secret does not give.

    Raises:
        SignatureError: it does not.
    """
    expected = _sign(signature, secret, request)
    if not hmac.compare_digest(expected.encode(), signature.value.encode()):
        raise SignatureError(
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method. Consult the service documentation for "
            "details."
        )


def _moment(headers: Mapping[str, str], day: str, now: datetime) -> datetime:
    text = headers.get("x-amz-date", "")
    try:
        moment = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureError("Date must be in ISO-8601 'basic format'.") from None
    if not text.startswith(day):
        raise SignatureError("Date in Credential scope does not match YYYYMMDD from ISO-8601 date.")
    if abs(now - moment) > MAX_SKEW:
        word, limit = ("expired", now - MAX_SKEW) if moment < now else ("not yet current", now)
        raise SignatureError(f"Signature {word}: {text} is not near {limit.strftime(_TIME)}.")
    return moment


def _sign(signature: Signature, secret: str, request: SignedRequest) -> str:
    scope = "/".join((*signature.scope, "aws4_request"))
    digest = hashlib.sha256(canonical_request(request, signature.headers).encode()).hexdigest()
    text = "\n".join((ALGORITHM, signature.moment.strftime(_TIME), scope, digest))
    key = f"AWS4{secret}".encode()
    for part in (*signature.scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def canonical_request(request: SignedRequest, signed: tuple[str, ...]) -> str:
    """Return the text that stands for a request."""
    path = quote(_normalized(request.path), safe="/-_.~")
    pairs = parse_qsl(request.query, keep_blank_values=True)
    query = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    headers = [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signed]
    return "\n".join(
        (
            request.method,
            path,
            "&".join(f"{name}={value}" for name, value in query),
            *headers,
            "",
            ";".join(signed),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _normalized(path: str) -> str:
    """Return a path without empty and dotted segments."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{end}"
