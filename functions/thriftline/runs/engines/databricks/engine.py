"""The port over Databricks: one run of one task on a cluster of its own.

A run of the API is no job: it is not saved, and not repeated when it fails. Its token makes two
starts one, and its time-out ends it though nobody looks any more.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client
from thriftline.core.aws.secrets import Secret
from thriftline.core.settings import Settings
from thriftline.core.tags import PROJECT_TAG, RUN_ID_TAG
from thriftline.core.text import plain
from thriftline.core.wording import ended
from thriftline.money.price_catalogue import price_catalogue
from thriftline.money.prices import PROCESSING
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.preparation import (
    PreparationOrder,
    PreparationQuote,
    PreparationState,
    PreparationWork,
)
from thriftline.runs.engines.databricks.answers import Run, time_of
from thriftline.runs.engines.databricks.billing import Usage, usage_of
from thriftline.runs.engines.databricks.cluster import Cluster
from thriftline.runs.engines.databricks.endings import ending_of
from thriftline.runs.engines.databricks.quoting import NAME, QuoteSources, quote
from thriftline.runs.engines.databricks.runs import Runs
from thriftline.runs.engines.databricks.workspace import Workspace
from thriftline.runs.engines.error_document import program_error
from thriftline.runs.engines.port import EngineSite

_TASK = "prepare"
_SUBMITTED = "SUBMITTED"


class DatabricksEngine:
    """Preparations on job clusters. The workspace is asked only by the calls that need it."""

    name = NAME

    def __init__(
        self,
        settings: Settings,
        artifacts: Bucket,
        workspace: Callable[[], Workspace],
        usd_per_gib_month: Callable[[], Decimal],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._artifacts = artifacts
        self._make_workspace = workspace
        self._made: Workspace | None = None
        self._sources = QuoteSources(settings, usd_per_gib_month, now)

    def quote(self, work: PreparationWork) -> PreparationQuote:
        """Prices a cluster; see ``quoting``. Calls nobody."""
        return quote(work, self._sources)

    def start(self, order: PreparationOrder) -> PreparationState:
        """Submits the run, or finds the one of this order.

        Raises:
            QuotaExceededError: the workspace runs no more now.
            InvalidRunSpecError: it refuses the cluster.
        """
        run_id = self._runs.submit(self._submission(order))
        return PreparationState(str(run_id), _SUBMITTED)

    def look(self, order: PreparationOrder) -> PreparationState | None:
        """Returns the run as it is now, found by its name where its start was lost."""
        run_id = self._run_id(order)
        run = self._runs.get(run_id) if run_id is not None else None
        if run is None:
            return None
        if not run.has_ended:
            return PreparationState(
                str(run.run_id),
                run.status.state,
                started_at=time_of(run.start_time),
                facts=_facts(run, None, order.terms),
            )
        return self._ended(run, order)

    def stop(self, order: PreparationOrder) -> None:
        """Asks the run to end, which it does some seconds later; ``look`` then says so."""
        run_id = self._run_id(order)
        if run_id is not None:
            self._runs.cancel(run_id)

    @property
    def _runs(self) -> Runs:
        return Runs(self._workspace)

    @property
    def _workspace(self) -> Workspace:
        if self._made is None:
            self._made = self._make_workspace()
        return self._made

    def _run_id(self, order: PreparationOrder) -> int | None:
        if order.started_id is not None:
            return int(order.started_id)
        return self._runs.named(order.name, datetime.fromisoformat(order.terms["quoted_at"]))

    def _submission(self, order: PreparationOrder) -> dict[str, Any]:
        tags = {
            **self._settings.cost_tags,
            PROJECT_TAG: order.project,
            RUN_ID_TAG: order.run_id,
        }
        cluster = Cluster.of_terms(order.terms["cluster"])
        return {
            "run_name": order.name,
            "idempotency_token": order.name,
            "timeout_seconds": int(order.terms["timeout_seconds"]),
            "tasks": [
                {
                    "task_key": _TASK,
                    "max_retries": 0,
                    "retry_on_timeout": False,
                    "new_cluster": cluster.request(self._workspace.principal, tags),
                    "libraries": cluster.libraries(),
                    "spark_python_task": {
                        "python_file": order.program_uri,
                        "parameters": ["--config", order.config_uri],
                    },
                }
            ],
        }

    def _ended(self, run: Run, order: PreparationOrder) -> PreparationState:
        usage = self._usage(run, order.terms)
        ending = ending_of(
            run.status.termination_details,
            usage.reason if usage else "",
            run.run_duration or max(0, run.end_time - run.start_time),
            int(order.terms["timeout_seconds"]),
        )
        return PreparationState(
            str(run.run_id),
            run.status.termination_details.code or run.status.state,
            ending,
            self._reason(run, ending, usage, order),
            time_of(run.start_time),
            time_of(run.end_time),
            self._billed_usd(run, usage, order.terms),
            _facts(run, usage, order.terms),
        )

    def _usage(self, run: Run, terms: Mapping[str, Any]) -> Usage | None:
        events = self._runs.events(run.cluster_id) if run.cluster_id else None
        if events is None:
            return None
        return usage_of(events, int(terms["cluster"]["workers"]), run.end_time)

    @staticmethod
    def _billed_usd(run: Run, usage: Usage | None, terms: Mapping[str, Any]) -> Decimal | None:
        if usage is not None:
            return usage.usd(Decimal(terms["usd_per_node_hour"]))
        # Databricks names the cluster as soon as it asks for one.
        return None if run.cluster_id else Decimal(0)

    def _reason(
        self, run: Run, ending: Ending, usage: Usage | None, order: PreparationOrder
    ) -> str:
        if ending is Ending.COMPLETED:
            return "The preparation completed."
        details = run.status.termination_details
        words = [f"Databricks ended the run with {details.code or 'no code'}"]
        if usage and usage.reason:
            words.append(f"its cluster with {usage.reason}")
        parts = [", ".join(words), self._said(run, ending, order), plain(details.message, 300)]
        return " ".join(ended(part) for part in dict.fromkeys(parts) if part)

    def _said(self, run: Run, ending: Ending, order: PreparationOrder) -> str:
        if ending is not Ending.USER_ERROR:
            return ""
        document = program_error(self._artifacts, order.output_uri)
        if document is not None:
            return document.message
        return self._runs.said(run.task_run_id) if run.task_run_id else ""


def databricks_engine(site: EngineSite) -> DatabricksEngine:
    """Returns the engine of this stack."""
    settings = site.settings

    def now() -> datetime:
        return datetime.now(UTC)

    def workspace() -> Workspace:
        secret = Secret(
            client("secretsmanager"),
            settings.databricks_secret_arn or "",
            "reading the secret of the Databricks workspace",
        )
        return Workspace(secret, now)

    return DatabricksEngine(
        settings,
        site.artifacts,
        workspace,
        # What SageMaker asks for its volumes is more than EC2 does for the same.
        lambda: price_catalogue().storage_rate(settings.region, PROCESSING).most_usd,
        now,
    )


def _facts(run: Run, usage: Usage | None, terms: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if run.run_page_url:
        found["run_page_url"] = run.run_page_url
    if run.cluster_id:
        found["cluster_id"] = run.cluster_id
    if usage:
        found["node_hours"] = str(usage.node_hours.quantize(Decimal("0.001")))
        found["dbus"] = str(
            (usage.node_hours * Decimal(terms["dbu_per_node_hour"])).quantize(Decimal("0.001"))
        )
        found["nodes_lost"] = usage.nodes_lost
        found["rate"] = "on demand; the bill is lower where workers were Spot instances"
    return found
