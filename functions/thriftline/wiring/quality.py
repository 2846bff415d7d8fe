"""Puts the watch over live quality together from the environment."""

from thriftline.core.aws.clients import client
from thriftline.core.errors import InvalidServeSpecError
from thriftline.serving.aws.captured import Captured
from thriftline.serving.aws.serving_metrics import ServingMetrics
from thriftline.serving.domain.drift import DriftRules
from thriftline.serving.schemas.serve_sections import QualitySection
from thriftline.serving.schemas.serve_spec import ServeSpec
from thriftline.serving.schemas.serve_yaml import NAME, parse_serve_yaml
from thriftline.serving.steps.quality_sources import QualityRules, WatchSources
from thriftline.wiring import serving


def watch_sources() -> WatchSources:
    """All that the watch looks at."""
    return WatchSources(
        table=serving.endpoints_table(),
        artifacts=serving.artifacts(),
        captured=Captured(client("s3"), serving.settings().artifacts_bucket),
        metrics=ServingMetrics(client("cloudwatch")),
        alerts=serving.alerts(),
        bus=serving.event_bus(),
        rules_of=rules_of,
    )


def rules_of(project: str) -> QualityRules:
    """Returns what a project's ``serve.yaml`` says; the defaults where it cannot be read."""
    body = serving.data_bucket().read(f"datasets/{project}/{NAME}")
    try:
        return quality_rules(parse_serve_yaml(body).spec)
    except InvalidServeSpecError as error:
        problem = f"{NAME} cannot be used, so the defaults hold: {error}"
        return QualityRules(problem=problem)


def quality_rules(spec: ServeSpec) -> QualityRules:
    """Returns the rules of a spec."""
    wanted = spec.quality or QualitySection()
    psi = float(wanted.drift)
    floor = wanted.least_accuracy
    return QualityRules(
        window_hours=wanted.window_hours,
        drift=DriftRules(least_psi=psi, severe_psi=max(0.25, psi), least_rows=wanted.least_rows),
        least_accuracy=None if floor is None else float(floor),
        days=spec.capture.days,
    )
