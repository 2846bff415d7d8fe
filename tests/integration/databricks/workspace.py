"""A Databricks workspace in memory: tokens, submitted runs, their clusters. Time is its clock's."""

import base64
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from tests.integration.databricks.cluster import Cluster, TrueRates
from tests.integration.databricks.requests import InvalidError, check
from tests.integration.databricks.story import Story, Work

Answer = tuple[int, dict[str, Any]]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, start: float = 1_796_000_000.0) -> None:
        self.seconds = start

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Run:
    """One submitted run."""

    run_id: int
    body: Mapping[str, Any]
    submitted: float
    work: Work
    canceled: float | None = None
    cluster: Cluster | None = None
    end: tuple[float, str, str] | None = None
    deleted: bool = False

    @property
    def story(self) -> Story:
        return self.work.story


@dataclass
class Workspace:
    """What the API of one workspace answers. ``works`` makes what a run does from its body."""

    clock: Callable[[], float] = field(default_factory=Clock)
    works: Callable[[Mapping[str, Any]], Work] = lambda _: Work(Story())
    client_id: str = "5f0c"
    client_secret: str = "dose-secret"
    token_seconds: int = 3600
    policies: frozenset[str] = frozenset()
    rates: TrueRates = field(default_factory=TrueRates)
    most_runs: int = 1000
    runs: dict[int, Run] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    may_submit: bool = True
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(101))

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> Answer:
        """Answers one request. ``body`` is the form of a token, else JSON."""
        self.calls.append(path.rpartition("/")[2])
        if path == "/oidc/v1/token":
            return self._token(headers, body)
        if (refusal := self._unauthorized(headers)) is not None:
            return refusal
        known: dict[tuple[str, str], Callable[[], Answer]] = {
            ("POST", "/api/2.2/jobs/runs/submit"): lambda: self._submit(body),
            ("GET", "/api/2.2/jobs/runs/get"): lambda: self._get(query),
            ("GET", "/api/2.2/jobs/runs/list"): lambda: self._list(query),
            ("GET", "/api/2.2/jobs/runs/get-output"): lambda: self._output(query),
            ("POST", "/api/2.2/jobs/runs/cancel"): lambda: self._cancel(body),
            ("POST", "/api/2.2/jobs/runs/delete"): lambda: self._delete(body),
            ("POST", "/api/2.1/clusters/events"): lambda: self._events(body),
        }
        call = known.get((method, path))
        if call is None:
            return 404, {"error_code": "ENDPOINT_NOT_FOUND", "message": f"No API for {path}"}
        try:
            return call()
        except InvalidError as error:
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": str(error)}

    def bills_usd(self) -> Decimal:
        """What all runs cost until now."""
        self._settle()
        now = self.clock()
        return sum(
            (one.cluster.bill_usd(now, self.rates) for one in self.runs.values() if one.cluster),
            Decimal(0),
        )

    def active(self) -> list[int]:
        """The runs that have not ended."""
        self._settle()
        return [one.run_id for one in self.runs.values() if not self._is_over(one)]

    def _token(self, headers: Mapping[str, str], form: str) -> Answer:
        given = base64.b64decode(headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if given != f"{self.client_id}:{self.client_secret}":
            return 401, {
                "error": "invalid_client",
                "error_description": "Client authentication failed",
            }
        asked = {name: values[0] for name, values in parse_qs(form).items()}
        if asked != {"grant_type": "client_credentials", "scope": "all-apis"}:
            return 400, {"error": "invalid_request", "error_description": "grant_type and scope"}
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = self.clock() + self.token_seconds
        return 200, {
            "access_token": token,
            "token_type": "Bearer",
            "scope": "all-apis",
            "expires_in": self.token_seconds,
        }

    def _unauthorized(self, headers: Mapping[str, str]) -> Answer | None:
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) > self.clock():
            return None
        return 403, {"error_code": "403", "message": "Invalid access token."}

    def _submit(self, body: Mapping[str, Any]) -> Answer:
        if not self.may_submit:
            return 403, {"error_code": "PERMISSION_DENIED", "message": "no permission to create"}
        token = body.get("idempotency_token", "")
        for run in self.runs.values():
            if token and run.body.get("idempotency_token") == token:
                if run.deleted:
                    raise InvalidError(f"The run with idempotency token {token} was deleted")
                return 200, {"run_id": run.run_id}
        check(body, self.policies)
        if len(self.active()) >= self.most_runs:
            return 429, {"error_code": "RESOURCE_EXHAUSTED", "message": "too many active runs"}
        run = Run(next(self._numbers), body, self.clock(), self.works(body))
        self.runs[run.run_id] = run
        return 200, {"run_id": run.run_id}

    def _get(self, query: Mapping[str, str]) -> Answer:
        return 200, self._described(self._run(query["run_id"]))

    def _list(self, query: Mapping[str, str]) -> Answer:
        self._settle()
        limit = int(query.get("limit", 20))
        if not 0 < limit < 25 or query.get("run_type") != "SUBMIT_RUN":
            raise InvalidError("limit must be greater than 0 and less than 25")
        since = int(query.get("start_time_from", 0))
        found = [
            one
            for one in sorted(self.runs.values(), key=lambda one: -one.submitted)
            if not one.deleted and one.submitted * 1000 >= since
        ]
        start = int(query.get("page_token") or 0)
        page = found[start : start + limit]
        more = start + limit < len(found)
        return 200, {
            "runs": [
                {"run_id": one.run_id, "run_name": one.body.get("run_name", "")} for one in page
            ],
            **({"next_page_token": str(start + limit)} if more else {}),
            "has_more": more,
        }

    def _output(self, query: Mapping[str, str]) -> Answer:
        run = self._run(str(int(query["run_id"]) - 500))
        return 200, {
            "metadata": {"run_id": int(query["run_id"])},
            "error": run.story.error,
            "logs": run.story.logs,
            "logs_truncated": False,
        }

    def _cancel(self, body: Mapping[str, Any]) -> Answer:
        run = self._run(body["run_id"])
        if not self._is_over(run) and run.canceled is None:
            run.canceled = self.clock()
            run.work.kill()
        return 200, {}

    def _delete(self, body: Mapping[str, Any]) -> Answer:
        run = self._run(body["run_id"])
        if not self._is_over(run):
            raise InvalidError("an active run cannot be deleted")
        run.deleted = True
        return 200, {}

    def _events(self, body: Mapping[str, Any]) -> Answer:
        self._settle()
        for run in self.runs.values():
            if run.cluster and run.cluster.cluster_id == body.get("cluster_id"):
                return 200, run.cluster.page(self.clock(), body)
        raise InvalidError(f"Cluster {body.get('cluster_id')} does not exist")

    def _run(self, run_id: Any) -> Run:
        self._settle()
        run = self.runs.get(int(run_id))
        if run is None or run.deleted:
            raise InvalidError(f"Run {run_id} does not exist.")
        return run

    def _settle(self) -> None:
        """Brings every run to where it is now."""
        for run in self.runs.values():
            self._bring(run)

    def _bring(self, run: Run) -> None:
        now, story = self.clock(), run.story
        asked_at = run.submitted + story.pending_seconds
        stopped = run.canceled is not None and run.canceled < asked_at
        if run.cluster is None and story.has_cluster and now >= asked_at and not stopped:
            spec = run.body["tasks"][0]["new_cluster"]
            run.cluster = Cluster(f"1130-{run.run_id}-job", spec, story, asked_at)
        if run.end is None and (end := self._ends(run, now)) is not None:
            run.end = end
            run.work.kill()
            if run.cluster:
                run.cluster.end(end[0])

    def _ends(self, run: Run, now: float) -> tuple[float, str, str] | None:
        story = run.story
        begins = run.submitted + story.pending_seconds + story.set_up_seconds
        found: list[tuple[float, str, str]] = []
        if run.canceled is not None:
            found.append((run.canceled, "USER_CANCELED", "Run canceled by a user."))
        limit = float(run.body.get("timeout_seconds") or 0)
        counted_from = run.submitted if story.times_out_from_start else begins
        if limit and now >= counted_from + limit:
            found.append((counted_from + limit, "CANCELED", "Run timed out."))
        if not story.has_cluster and now >= run.submitted + story.pending_seconds:
            found.append((run.submitted + story.pending_seconds, story.code, story.message))
        elif story.has_cluster and now >= begins:
            worked = run.work.ended_after(now - begins)
            if worked is not None:
                found.append((begins + worked, run.story.code, run.story.message))
        return min(found, key=lambda one: one[0]) if found else None

    def _is_over(self, run: Run) -> bool:
        self._bring(run)
        return run.end is not None and self.clock() >= self._over_at(run)

    def _over_at(self, run: Run) -> float:
        assert run.end is not None
        return run.end[0] + (run.story.clean_up_seconds if run.cluster else 0)

    def _state(self, run: Run) -> str:
        if self._is_over(run):
            return "TERMINATED"
        if run.end is not None:
            return "TERMINATING"
        begins = run.submitted + run.story.pending_seconds + run.story.set_up_seconds
        return "RUNNING" if self.clock() >= begins else "PENDING"

    def _described(self, run: Run) -> dict[str, Any]:
        status: dict[str, Any] = {"state": self._state(run)}
        over = status["state"] == "TERMINATED"
        end = run.end if over else None
        if end is not None:
            success = end[1] == "SUCCESS"
            status["termination_details"] = {
                "code": end[1],
                "type": "SUCCESS" if success else run.story.type,
                "message": end[2],
            }
        task: dict[str, Any] = {"run_id": run.run_id + 500, "task_key": "prepare"}
        if run.cluster:
            task["cluster_instance"] = {"cluster_id": run.cluster.cluster_id}
        ended = int(self._over_at(run) * 1000) if end is not None else 0
        started = int(run.submitted * 1000)
        return {
            "run_id": run.run_id,
            "run_name": run.body.get("run_name", ""),
            "run_type": "SUBMIT_RUN",
            "run_page_url": f"https://dbc.example/#job/runs/{run.run_id}",
            "status": status,
            "start_time": started,
            "end_time": ended,
            "setup_duration": 0,
            "execution_duration": 0,
            "cleanup_duration": 0,
            "run_duration": ended - started if ended else 0,
            "tasks": [task],
        }
