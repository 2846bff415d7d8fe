"""What a run's documents say of a model that answers with words."""

from thriftline.core.wording import counted
from thriftline.datasets.shown import Masks
from thriftline.evaluation.document import Answers, Interval, Scores, UnparsedAnswer
from thriftline.evaluation.gate import Unparsed
from thriftline.evaluation.job_documents import JobAnswers
from thriftline.runs.schemas.gate_section import GateSection

_MOST_LISTED = 50
_NO_PROBABILITIES = (
    "The model answers with a word; its service gives no probabilities, so there is no calibration "
    "to measure and no threshold to set."
)


def unparsed_of(answers: JobAnswers | None, scores: Scores) -> Unparsed | None:
    """Returns how many answers are none of the labels, None where there are probabilities.

    They are counted in the predictions themselves, whatever the trainer says.
    """
    if answers is None:
        return None
    records = sum(one.support for one in scores.per_class)
    return Unparsed(scores.missing_predictions + scores.unknown_predictions, records)


def answers_of(answers: JobAnswers | None, scores: Scores, gate: GateSection) -> Answers | None:
    """Returns what ``evaluation.json`` says of the answers."""
    found = unparsed_of(answers, scores)
    if answers is None or found is None:
        return None
    masks = Masks()
    return Answers(
        asked=found.asked,
        of=answers.of,
        sentence=_sentence(found.asked, answers.of, scores.intervals.accuracy, gate.confidence),
        unparsed=found.count,
        unparsed_share=found.share,
        unparsed_answers=tuple(
            UnparsedAnswer(
                record=masks.show(one.id),
                label=masks.show(one.label),
                answer=masks.show(one.answer),
                stop_reason=one.stop_reason,
            )
            for one in answers.unparsed[:_MOST_LISTED]
        ),
        stop_reasons=answers.stop_reasons,
        input_tokens=answers.input_tokens,
        output_tokens=answers.output_tokens,
        calibration_absent_because=_NO_PROBABILITIES,
    )


def _sentence(asked: int, of: int, interval: Interval, confidence: float) -> str:
    gives = (
        f"the {confidence:.0%} interval of the accuracy is "
        f"{interval.low:.4f} to {interval.high:.4f}"
    )
    if asked == of:
        return f"All {counted(of, 'test record')} were asked; {gives}."
    return f"{asked:,} of the {counted(of, 'test record')} were asked, a sample; {gives}."
