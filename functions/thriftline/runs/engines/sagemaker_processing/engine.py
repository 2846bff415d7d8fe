"""SageMaker processing jobs with AWS's Spark image."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client
from thriftline.core.errors import InvalidRunSpecError
from thriftline.core.settings import Settings
from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.domain.preparation import (
    PreparationOrder,
    PreparationQuote,
    PreparationState,
    PreparationWork,
)
from thriftline.runs.engines.error_document import program_error
from thriftline.runs.engines.port import EngineSite
from thriftline.runs.engines.sagemaker_processing.image import image_uri
from thriftline.runs.engines.sagemaker_processing.jobs import ProcessingJobs, run_of
from thriftline.runs.engines.sagemaker_processing.quoting import NAME, Terms, quote
from thriftline.runs.engines.sagemaker_processing.request import (
    Place,
    job_request,
    settings_document,
    settings_uri,
)
from thriftline.runs.engines.sagemaker_processing.states import state_of

_JUST_STARTED = "InProgress"


class SagemakerProcessingEngine:
    """The port over processing jobs. Settings are asked for by the calls that need them."""

    name = NAME

    def __init__(
        self, jobs: Callable[[], ProcessingJobs], artifacts: Bucket, settings: Settings
    ) -> None:
        self._jobs = jobs
        self._artifacts = artifacts
        self._settings = settings

    def quote(self, work: PreparationWork) -> PreparationQuote:
        """Prices the work; see ``quoting``."""
        settings = self._settings
        if not settings.processing_role_arn:
            return PreparationQuote.refused(
                NAME,
                "This stack may start no processing jobs. Name sagemaker_processing in its "
                "parameter PreparationEngines.",
            )
        has_image = self._image() is not None
        return quote(work, Terms(settings.region, price_catalogue, has_image))

    def start(self, order: PreparationOrder) -> PreparationState:
        """Creates the job, or finds it: its name is the attempt's."""
        image = self._image()
        if image is None:
            raise InvalidRunSpecError(
                f"prepare.engine: AWS's Spark image is not known in {self._settings.region}. "
                "Nothing was spent."
            )
        place = Place(
            self._settings.processing_role_arn,
            image,
            self._settings.kms_key_id,
            self._settings.cost_tags,
        )
        key = settings_uri(order).removeprefix(self._artifacts.uri(""))
        self._artifacts.write_json(key, settings_document(order))
        self._jobs().start(job_request(order, place))
        return PreparationState(id=order.name, status=_JUST_STARTED)

    def look(self, order: PreparationOrder) -> PreparationState | None:
        """Describes the job; one of another run is none of this run's."""
        found = self._jobs().describe(order.name)
        if found is None or run_of(found) != order.run_id:
            return None
        return state_of(
            found,
            Decimal(order.terms["usd_per_hour"]),
            lambda: program_error(self._artifacts, order.output_uri),
        )

    def stop(self, order: PreparationOrder) -> None:
        """Stops the job if it runs."""
        if self.look(order) is not None:
            self._jobs().stop(order.name)

    def _image(self) -> str | None:
        return image_uri(self._settings.spark_processing_image, self._settings.region)


def sagemaker_processing_engine(site: EngineSite) -> SagemakerProcessingEngine:
    """Makes the engine with a client of its own."""

    @cache
    def jobs() -> ProcessingJobs:
        # SageMaker's client takes a second to make, and not every call needs it.
        return ProcessingJobs(client("sagemaker"))

    return SagemakerProcessingEngine(jobs, site.artifacts, site.settings)
