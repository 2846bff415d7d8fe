"""EMR Serverless with the application of the stack."""

from collections.abc import Callable
from functools import cache

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client, impatient_client
from thriftline.core.settings import Settings
from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.domain.preparation import (
    PreparationOrder,
    PreparationQuote,
    PreparationState,
    PreparationWork,
)
from thriftline.runs.engines.emr_serverless.job_runs import JobRuns
from thriftline.runs.engines.emr_serverless.quota import vcpu_quota
from thriftline.runs.engines.emr_serverless.quoting import NAME, Terms, quote
from thriftline.runs.engines.emr_serverless.request import Place, start_request
from thriftline.runs.engines.emr_serverless.states import state_of
from thriftline.runs.engines.error_document import program_error
from thriftline.runs.engines.port import EngineSite

_JUST_STARTED = "SUBMITTED"


class EmrServerlessEngine:
    """The port over EMR Serverless. Settings are asked for by the calls that need them."""

    name = NAME

    def __init__(
        self,
        runs: Callable[[], JobRuns],
        artifacts: Bucket,
        settings: Settings,
        quota: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._runs = runs
        self._artifacts = artifacts
        self._settings = settings
        self._quota = quota

    def quote(self, work: PreparationWork) -> PreparationQuote:
        """Prices the work; see ``quoting``."""
        settings = self._settings
        if not settings.emr_application_id:
            return PreparationQuote.refused(
                NAME,
                "This stack has no EMR Serverless application. Name emr_serverless in its "
                "parameter PreparationEngines; an application that does not run costs nothing.",
            )
        terms = Terms(
            settings.region,
            lambda: price_catalogue().emr_serverless,
            settings.preparation_max_vcpus,
            self._quota,
            bool(settings.preparation_archive or settings.preparation_image),
        )
        return quote(work, terms)

    def start(self, order: PreparationOrder) -> PreparationState:
        """Starts the run, or finds the one that has the order's name as its token."""
        settings = self._settings
        place = Place(
            settings.emr_application_id,
            settings.emr_job_role_arn,
            settings.preparation_archive,
            settings.cost_tags,
        )
        return PreparationState(
            id=self._runs().start(start_request(order, place)), status=_JUST_STARTED
        )

    def look(self, order: PreparationOrder) -> PreparationState | None:
        """Describes the run; one whose start was lost is found by its name."""
        job_run_id = self._id_of(order)
        found = self._runs().describe(job_run_id) if job_run_id else None
        if found is None:
            return None
        return state_of(
            found, order.terms["rates"], lambda: program_error(self._artifacts, order.output_uri)
        )

    def stop(self, order: PreparationOrder) -> None:
        """Cancels the run if there is one."""
        job_run_id = self._id_of(order)
        if job_run_id:
            self._runs().stop(job_run_id)

    def _id_of(self, order: PreparationOrder) -> str | None:
        return order.started_id or self._runs().find(order.name)


def emr_serverless_engine(site: EngineSite) -> EmrServerlessEngine:
    """Makes the engine with a client of its own."""

    @cache
    def runs() -> JobRuns:
        return JobRuns(client("emr-serverless"), site.settings.emr_application_id)

    return EmrServerlessEngine(
        runs,
        site.artifacts,
        site.settings,
        lambda: vcpu_quota(impatient_client("service-quotas")),
    )
