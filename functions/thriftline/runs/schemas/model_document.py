"""``runs/{run_id}/model.json``: a registered model that its trainer's own service serves.

The version in the Model Registry points here. Who asks the model must ask it as it was trained.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

MODEL_DOCUMENT = "model.json"


class ModelDocument(BaseModel):
    """One model. ``terms`` are the trainer's own, such as base model, prompt and label words.

    ``deployment_arn`` is the project's own that answers with it, None where the run keeps none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    schema_version: Literal["1.0"] = "1.0"
    run_id: str
    project: str
    job_name: str
    trainer: str
    model_uri: str
    deployment_arn: str | None = None
    terms: dict[str, Any]
    cost_usd: str | None
