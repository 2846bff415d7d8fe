"""``metrics.json`` and ``history.jsonl`` that the training program leaves in ``output/data``."""

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    # The training program may say more than is read here.
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, defer_build=True)


class TrainFigures(_Part):
    """What the training took."""

    samples: int | None = None
    tokens: int | None = None
    steps: int | None = None
    epochs_run: float | None = None
    seconds: float | None = None
    final_loss: float | None = None
    best_epoch: float | None = None
    method: str | None = None
    temperature: float | None = None
    resumed_from_step: int | None = None


class ModelFigures(_Part):
    """What was fine-tuned."""

    base_model: str | None = None
    base_model_revision: str | None = None
    parameters: int | None = None
    architecture: str | None = None


class TestFigures(_Part):
    """What the program itself counted on the test split."""

    accuracy: float


class TestModels(_Part):
    """Both models on the test split."""

    candidate: TestFigures
    champion: TestFigures | None = None


class TrialFigures(_Part):
    """What a trial of a search came to when it was last compared."""

    trial: int
    hyperparameters: dict[str, float | int | str]
    steps: int | None = None
    rung_accuracy: float | None = None
    rung_macro_f1: float | None = None
    rung_loss: float | None = None
    dropped_at: int | None = None


class WinnerFigures(_Part):
    """The trial that was trained to its end."""

    trial: int


class SweepFigures(_Part):
    """A search for hyperparameters."""

    trials: tuple[TrialFigures, ...]
    winner: WinnerFigures


class ExportFigures(_Part):
    """The form of the model for CPUs, and how its answers compare with the plain one's."""

    kind: str
    kept: bool
    reason: str
    rows: int = 0
    different: int = 0
    accuracy: float | None = None
    megabytes: float | None = None
    seconds: float | None = None


class JobMetrics(_Part):
    """``metrics.json``."""

    labels: tuple[str, ...] = Field(min_length=1)
    champion_labels: tuple[str, ...] | None = None
    train: TrainFigures = TrainFigures()
    test: TestModels
    model: ModelFigures = ModelFigures()
    software: dict[str, str] = {}
    sweep: SweepFigures | None = None
    export: ExportFigures | None = None


class UnparsedRecord(_Part):
    """An answer that is none of the labels."""

    id: str
    label: str
    answer: str
    stop_reason: str | None = None


class JobAnswers(_Part):
    """``answers.json`` of a model that answers with words: how many of the test split were asked.

    ``unparsed`` are some of the ``unparsed_count`` answers that are none of the labels.
    """

    asked: int = Field(ge=0)
    of: int = Field(ge=0)
    unparsed: tuple[UnparsedRecord, ...] = ()
    unparsed_count: int = Field(ge=0)
    stop_reasons: dict[str, int] = {}
    input_tokens: int | None = None
    output_tokens: int | None = None


class HistoryLine(_Part):
    """One line of ``history.jsonl``: a training step, or a look at the validation split."""

    step: int
    epoch: float
    loss: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    validation_macro_f1: float | None = None

    @property
    def is_evaluation(self) -> bool:
        """Whether it is a look at the validation split."""
        return self.validation_accuracy is not None or self.validation_loss is not None
