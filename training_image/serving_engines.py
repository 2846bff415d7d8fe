"""Which engine runs a model: ONNX Runtime on a CPU where it was exported for that, else torch."""

import traceback
from collections.abc import Mapping
from pathlib import Path

from training_image.serving_http import say
from training_image.serving_port import ServableModel, prefers_exported

ENGINES = ("auto", "torch", "onnxruntime")


def wanted_engine(environment: Mapping[str, str]) -> str:
    """Returns what THRIFTLINE_ENGINE says.

    Raises:
        ValueError: it is none that is known.
    """
    engine = environment.get("THRIFTLINE_ENGINE") or "auto"
    if engine not in ENGINES:
        raise ValueError(f"THRIFTLINE_ENGINE is {engine!r}; it must be {', '.join(ENGINES)}.")
    return engine


def load_model(folder: Path, environment: Mapping[str, str]) -> ServableModel:
    """Imports the engine, and loads the model.

    Raises:
        JobError: files are missing, damaged, or hold no classifier.
    """
    engine = wanted_engine(environment)
    if engine == "onnxruntime" or (engine == "auto" and prefers_exported(folder)):
        try:
            from training_image.exported_model import ExportedModel  # a tenth of torch's seconds

            return ExportedModel.load(folder, environment)
        except Exception as error:
            if engine == "onnxruntime":
                raise
            traceback.print_exc()
            say("warning", message=f"The plain model is served: {error}")
    from training_image.serving_model import ServedModel

    return ServedModel.load(folder)


def warm_up() -> None:
    """Imports what the first model will need, so that its load does not wait for it."""
    import training_image.exported_model
    import training_image.serving_model  # noqa: F401
