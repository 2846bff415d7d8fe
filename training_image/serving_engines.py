"""Which engine runs a model: the one that it was exported for where that pays, else torch."""

from collections.abc import Mapping
from pathlib import Path

from training_image.serving_port import ServableModel


def load_model(folder: Path, _environment: Mapping[str, str]) -> ServableModel:
    """Imports the engine, and loads the model.

    Raises:
        JobError: files are missing, damaged, or hold no classifier.
    """
    from training_image.serving_model import ServedModel  # takes seconds

    return ServedModel.load(folder)


def warm_up() -> None:
    """Imports what the first model will need, so that its load does not wait for it."""
    import training_image.serving_model  # noqa: F401
