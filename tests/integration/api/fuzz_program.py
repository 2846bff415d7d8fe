"""Sends requests of all kinds to an API, and says what it should not have answered.

    PYTHONPATH=.thriftline/fuzz python fuzz_program.py --base http://HOST:PORT/.../v1 \
        --methods GET --requests 500 --seed 1 --known '{"id": ["run-1"]}'

A program of its own: schemathesis is no plugin of the other tests this way. It prints one JSON
object: how many requests, how many of each status, and the failures.
"""

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs/openapi.json"
_PLACES = "|".join(map(re.escape, (str(ROOT), tempfile.gettempdir(), "/var/task")))
# What no answer may show: how it was made, where it runs, and keys.
LEAK = re.compile(
    r"Traceback|File \\?\"|stackTrace|errorType|site-packages|\.py\b"
    rf"|{_PLACES}"
    r"|botocore|boto3|pydantic|ClientError|Exception\(|AKIA[A-Z0-9]{12}|aws_secret"
)
# What the document says of answers. Whether a text is the name of something is for the API to say.
CHECKS = [
    not_a_server_error,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.status_code_conformance,
]
_UNTIL_FAILURES = 20


class Signed:
    """Signs what requests sends, as it is sent."""

    def __init__(self, region: str) -> None:
        self._signer = SigV4Auth(Credentials("test", "test"), "execute-api", region)

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        body = prepared.body or b""
        request = AWSRequest(
            method=prepared.method,
            url=prepared.url,
            data=body.encode() if isinstance(body, str) else body,
        )
        self._signer.add_auth(request)
        prepared.headers.update(dict(request.headers))
        return prepared


class Fuzz:
    """All the requests of one run, and what was wrong with the answers."""

    def __init__(self, base: str, region: str, known: Mapping[str, Sequence[str]]) -> None:
        self.base = base
        self.known = known
        self.session = requests.Session()
        self.session.auth = Signed(region)
        self.statuses: Counter[int] = Counter()
        self.by_route: Counter[str] = Counter()
        self.failures: list[dict[str, Any]] = []

    def run(self, operation: Any, count: int, seed: int) -> None:
        """Send requests to one operation, half of them as the document wants them."""
        if not count:
            return
        declared = set(operation.definition.raw["responses"]) - {"default"}
        modes = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
        cases = modes.flatmap(lambda mode: self._cases(operation, mode))

        @with_seed(seed)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases)
        def send(case: Any) -> None:
            self._send(case, declared)

        send()

    def _cases(self, operation: Any, mode: GenerationMode) -> Any:
        try:
            made = operation.as_strategy(generation_mode=mode)
        except Exception:
            # Some operations have nothing that could be wrong.
            made = operation.as_strategy()
        names = [name for name in self.known if f"{{{name}}}" in operation.path]
        if not names:
            return made
        # Half of the ids are of things that are there.
        there = st.fixed_dictionaries({name: st.sampled_from(self.known[name]) for name in names})
        return st.tuples(made, st.none() | there).map(_with_known)

    def _send(self, case: Any, declared: set[str]) -> None:
        if len(self.failures) >= _UNTIL_FAILURES:
            return
        try:
            answer = case.call(base_url=self.base, session=self.session, timeout=60)
        except (ValueError, requests.exceptions.RequestException) as error:
            if _cannot_be_sent(error):
                return
            self._failed(case, None, f"{type(error).__name__}: {error}")
            return
        self.statuses[answer.status_code] += 1
        self.by_route[f"{case.method} {case.path}"] += 1
        for problem in self._problems(case, answer, declared):
            self._failed(case, answer, problem)

    def _problems(self, case: Any, answer: Any, declared: set[str]) -> list[str]:
        found = []
        if answer.status_code >= 500:
            found.append("the API failed")
        if str(answer.status_code) not in declared:
            found.append(f"the status {answer.status_code} is not declared")
        leak = LEAK.search(answer.content.decode("utf-8", "replace"))
        # The document's descriptions are texts of this repository.
        if leak and case.path != "/openapi.json":
            found.append(f"the answer shows {leak[0]!r}")
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            found += [f"{type(each).__name__}: {each}" for each in group.exceptions]
        except Failure as failure:
            found.append(f"{type(failure).__name__}: {failure}")
        return found

    def report(self) -> dict[str, Any]:
        """Return what came of it."""
        return {
            "requests": sum(self.statuses.values()),
            "statuses": dict(sorted(self.statuses.items())),
            "by_route": dict(sorted(self.by_route.items())),
            "failures": self.failures,
        }

    def _failed(self, case: Any, answer: Any, problem: str) -> None:
        self.failures.append(
            {
                "problem": problem[:1500],
                "request": case.as_curl_command()[:1500],
                "status": answer.status_code if answer is not None else None,
                "body": answer.content[:600].decode("utf-8", "replace") if answer else None,
            }
        )


def _with_known(pair: tuple[Any, dict[str, str] | None]) -> Any:
    case, known = pair
    if known:
        case.path_parameters = {**(case.path_parameters or {}), **known}
    return case


def _cannot_be_sent(error: Exception) -> bool:
    """Whether the client itself refuses: a header with a line break never leaves."""
    kinds = (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeError)
    return isinstance(error, kinds)


def main(arguments: Sequence[str]) -> int:
    """Send, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--methods", nargs="+", required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--known", type=json.loads, default={})
    given_ = parser.parse_args(arguments)
    schema = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    operations = [each.ok() for each in schema.get_all_operations()]
    wanted = [each for each in operations if each.method.upper() in given_.methods]
    fuzz = Fuzz(given_.base, given_.region, given_.known)
    sent = 0
    for number, operation in enumerate(wanted, 1):
        share = given_.requests * number // len(wanted) - sent
        fuzz.run(operation, share, given_.seed)
        sent += share
    sys.stdout.write(json.dumps(fuzz.report(), indent=1))
    return 1 if fuzz.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
