"""The hosted page's sign-in, where Cognito fails, is slow or answers after a sign-out."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.node import node

WEB = Path(__file__).parents[2] / "web/js"
WORLD = """
const stored = new Map();
globalThis.sessionStorage = {
  getItem: (name) => stored.get(name) ?? null,
  setItem: (name, value) => stored.set(name, value),
  removeItem: (name) => stored.delete(name),
};
globalThis.dispatchEvent = () => {};
const tokens = { id_token: "old", refresh_token: "lasting", ends: 0 };
stored.set("thriftline-tokens", JSON.stringify(tokens));
const signIn = {
  login: "https://login",
  client_id: "c",
  identity: "https://identity",
  user_pool: "u",
  identity_pool: "i",
};
const answered = (status, body) => ({
  ok: status === 200,
  status,
  text: async () => (typeof body === "string" ? body : JSON.stringify(body)),
  json: async () => (typeof body === "string" ? JSON.parse(body) : body),
});
const { credentials, leave } = await import("./account/credentials.js");
const status = () => credentials(signIn).then(() => 200, (error) => error.status);
const kept = () => stored.has("thriftline-tokens");
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The modules where node takes them for some."""
    made = tmp_path_factory.mktemp("page")
    shutil.copytree(WEB / "account", made / "account")
    for name in ("problem.js", "settings.js"):
        shutil.copy(WEB / name, made)
    (made / "package.json").write_text('{"type": "module"}')
    return made


def ran(folder: Path, program: str) -> Any:
    done = subprocess.run(
        [node(), "--input-type=module", "--eval", WORLD + program],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (400, {"error": "invalid_grant"}, [401, False]),
        (400, {"error": "unauthorized_client"}, [401, False]),
        (400, {"error": "temporarily_unavailable"}, [503, True]),
        (429, {"error": "invalid_grant"}, [503, True]),
        (500, "<html>", [503, True]),
        (200, {}, [503, True]),
    ],
)
def test_only_a_sign_in_that_was_refused_is_forgotten(
    folder: Path, status: int, body: Any, wanted: list[Any]
) -> None:
    program = f"""
globalThis.fetch = async () => answered({status}, {json.dumps(body)});
console.log(JSON.stringify([await status(), kept()]));
"""
    assert ran(folder, program) == wanted


@pytest.mark.parametrize("last", ["token", "identity"])
def test_what_comes_after_a_sign_out_is_not_kept(folder: Path, last: str) -> None:
    program = f"""
globalThis.fetch = async (address) => {{
  if (address.includes({json.dumps(last)})) leave();
  return address.includes("token")
    ? answered(200, {{ id_token: "new", expires_in: 3600 }})
    : answered(200, {{ IdentityId: "a", Credentials: {{ Expiration: 9e9 }} }});
}};
const first = await status();
const left = kept();
globalThis.fetch = async () => answered(500, "");
console.log(JSON.stringify([first, left, await status()]));
"""
    assert ran(folder, program) == [401, False, 401]


@pytest.mark.parametrize("slow", ["token", "identity"])
def test_an_answer_that_does_not_come_is_given_up_and_nobody_is_signed_out(
    folder: Path, slow: str
) -> None:
    program = f"""
AbortSignal.timeout = () => AbortSignal.abort(new DOMException("", "TimeoutError"));
globalThis.fetch = async (address, {{ signal }}) => {{
  if (!address.includes({json.dumps(slow)}))
    return answered(200, {{ id_token: "new", expires_in: 3600 }});
  if (signal?.aborted) throw signal.reason;
  return new Promise(() => {{}});
}};
console.log(JSON.stringify([await status(), kept()]));
"""
    assert ran(folder, program) == [504, True]


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("Signature expired: 20261130T110000Z is now earlier than 20261130T115500Z", "clock"),
        ("Signature not yet current: 20261130T130000Z is still later than", "clock"),
        ("The request signature we calculated does not match the signature you", "Reload"),
        ("The security token included in the request is expired", "Reload"),
        ("User: arn:aws:sts::1:a is not authorized to perform: execute-api:Invoke", "operators"),
    ],
)
def test_a_refused_signature_is_no_missing_permission(
    folder: Path, message: str, wanted: str
) -> None:
    program = f"""
const {{ loadSettings }} = await import("./settings.js");
const {{ problemOf }} = await import("./problem.js");
globalThis.fetch = async () => answered(200, {{ api: {{ path: "v1" }}, sign_in: signIn }});
await loadSettings();
console.log(JSON.stringify(problemOf(403, {{ message: {json.dumps(message)} }}).move));
"""
    assert wanted in ran(folder, program)
