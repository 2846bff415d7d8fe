"""The table of permissions: what every route answers to every caller."""

from dataclasses import dataclass, field
from typing import Any

ENDPOINT = "closed-endpoint"
# In a body it stands for the dollars that the run asks for.
WORST_CASE = "{worst_case}"


@dataclass(frozen=True)
class Row:
    """One route, called as `at` with `body`, and the status that each caller gets.

    `{run}` in `at` is a run of the closed project that waits for approval. An unsigned request and
    one with a wrong secret get 403 everywhere. Who has the read policy gets 403 from whatever
    changes something; `operate` is a member of the closed project with the operate policy, and
    `foreign` has the operate policy without being a member.
    """

    method: str
    path: str
    at: str
    read: int
    operate: int
    foreign: int
    body: dict[str, Any] = field(default_factory=dict)

    def expected(self, caller: str) -> int:
        """The status that a caller gets."""
        if caller in ("unsigned", "wrong_secret"):
            return 403
        return int(getattr(self, caller))


def _reads(path: str, at: str | None = None, *, foreign: int = 200, there: int = 200) -> Row:
    return Row("GET", path, at or path, read=there, operate=there, foreign=foreign)


def _acts(
    method: str,
    path: str,
    at: str,
    operate: int,
    body: dict[str, Any] | None = None,
    *,
    foreign: int = 403,
) -> Row:
    return Row(method, path, at, 403, operate, foreign, body or {})


# A foreign caller gets 404 where a closed project's own thing is read, and 403 where it is changed.
TABLE: tuple[Row, ...] = (
    _reads("/health"),
    _reads("/openapi.json"),
    _reads("/budget"),
    _reads("/runs"),
    _reads("/runs/{id}", "/runs/{run}", foreign=404),
    _reads("/approvals"),
    _reads("/runs/{id}/events", "/runs/{run}/events", foreign=404),
    _reads("/runs/{id}/documents/{name}", "/runs/{run}/documents/run.json", foreign=404),
    _reads("/projects"),
    _reads("/projects/{project}/models", "/projects/closed/models", foreign=404),
    _acts(
        "POST",
        "/projects/{project}/models/{version}/approval",
        "/projects/closed/models/1/approval",
        404,
        {"status": "Rejected"},
    ),
    _acts("POST", "/projects/{project}/deployments", "/projects/closed/deployments", 422),
    _reads("/prices"),
    _acts(
        "POST",
        "/uploads",
        "/uploads",
        200,
        {"project": "closed", "files": [{"name": "run.yaml"}]},
    ),
    _acts("POST", "/runs", "/runs", 422, {"project": "closed", "key": "datasets/closed/none.csv"}),
    _acts("POST", "/estimates", "/estimates", 200, {"project": "closed", "rows": 5000}),
    _reads("/estimates/{id}", "/estimates/none", there=404, foreign=404),
    # The last rows of a run: who may has said yes, and is told at the second answer.
    _acts(
        "POST",
        "/approvals/{id}/approve",
        "/approvals/{run}/approve",
        200,
        {"worst_case_usd": WORST_CASE},
    ),
    _acts("POST", "/approvals/{id}/reject", "/approvals/{run}/reject", 409),
    _acts("POST", "/runs/{id}/stop", "/runs/{run}/stop", 202),
    # ---- Serving: the endpoint of the closed project is known and serves nothing.
    _reads("/endpoints"),
    _reads("/endpoints/{name}", f"/endpoints/{ENDPOINT}", foreign=404),
    _reads("/endpoints/{name}/deployments", f"/endpoints/{ENDPOINT}/deployments", foreign=404),
    _acts("POST", "/endpoints/{name}/deployments", f"/endpoints/{ENDPOINT}/deployments", 422),
    _reads(
        "/endpoints/{name}/deployments/{id}",
        f"/endpoints/{ENDPOINT}/deployments/d-1",
        there=404,
        foreign=404,
    ),
    _acts("POST", "/endpoints/{name}/rollback", f"/endpoints/{ENDPOINT}/rollback", 409),
    _acts("POST", "/endpoints/{name}/abort", f"/endpoints/{ENDPOINT}/abort", 409),
    _acts(
        "PUT",
        "/endpoints/{name}/schedule",
        f"/endpoints/{ENDPOINT}/schedule",
        422,
        {"on": "cron(nothing)", "off": "cron(nothing)"},
    ),
    # Before there was any schedule.
    _acts(
        "POST",
        "/endpoints/{name}/schedule",
        f"/endpoints/{ENDPOINT}/schedule",
        409,
        {"action": "sleep"},
    ),
    _acts("DELETE", "/endpoints/{name}/schedule", f"/endpoints/{ENDPOINT}/schedule", 200),
    _reads(
        "/endpoints/{name}/schedule/{id}",
        f"/endpoints/{ENDPOINT}/schedule/sleep-1",
        there=404,
        foreign=404,
    ),
    _acts("POST", "/endpoints/{name}/experiments", f"/endpoints/{ENDPOINT}/experiments", 409),
    _reads(
        "/endpoints/{name}/experiments/{id}",
        f"/endpoints/{ENDPOINT}/experiments/x-1",
        there=404,
        foreign=404,
    ),
    _acts(
        "POST",
        "/endpoints/{name}/experiments/{id}/stop",
        f"/endpoints/{ENDPOINT}/experiments/x-1/stop",
        404,
    ),
    _reads("/endpoints/{name}/quality", f"/endpoints/{ENDPOINT}/quality", foreign=404),
    # ---- Audits are of the account, not of a project.
    _reads("/audits"),
    _acts("POST", "/audits", "/audits", 422, {"rules": ["no.such"]}, foreign=422),
    _reads("/audits/{id}", "/audits/no-such", there=404, foreign=404),
    _reads("/findings"),
    _acts(
        "POST",
        "/findings/{id}/accept",
        "/findings/f-0/accept",
        404,
        {"reason": "so it is", "until": "2099-12-31"},
        foreign=404,
    ),
    _acts("DELETE", "/findings/{id}/accept", "/findings/f-0/accept", 404, foreign=404),
    _reads("/acceptances"),
    _reads("/restores"),
    _reads("/restores/{id}", "/restores/none", there=404, foreign=404),
    _acts("POST", "/restores", "/restores", 404, {"endpoint": "gone"}, foreign=404),
)
