"""The base model that a run spec names: a hub id, or a folder in the artifacts bucket."""

import json

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.domain.encoders import WELL_KNOWN, Encoder, encoder_from_config

_FOLDER = "base_models/"


def encoder_of(base_model: str, artifacts: Bucket) -> Encoder | None:
    """Returns the shape of a base model, None when it is not known.

    Raises:
        InvalidRunSpecError: the folder in the artifacts bucket holds no model; a job would be
            billed to find that out.
    """
    prefix = f"s3://{artifacts.name}/{_FOLDER}"
    if not base_model.startswith("s3://"):
        return WELL_KNOWN.get(base_model)
    if not base_model.startswith(prefix):
        raise InvalidRunSpecError(
            f"base_model: {base_model} is out of reach of the training role; copy the folder below "
            f"{prefix} and name it there. Nothing was spent."
        )
    body = artifacts.read(f"{_FOLDER}{base_model.removeprefix(prefix)}config.json")
    if body is None:
        raise InvalidRunSpecError(
            f"base_model: there is no config.json in {base_model}; upload a Hugging Face model "
            "folder (config.json, model.safetensors, tokenizer files) there. Nothing was spent."
        )
    try:
        config = json.loads(body)
    except ValueError as error:
        raise InvalidRunSpecError(f"base_model: {base_model}config.json: {error}") from error
    return encoder_from_config(config) if isinstance(config, dict) else None
