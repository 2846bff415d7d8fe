"""Fine-tuning of a small causal model's upper layers; the same seed gives the same model."""

import math
import random
from collections.abc import Callable, Sequence

import torch

from local_aws.generative.conversations import StepMetrics
from local_aws.generative.lessons import Lesson, answer_tokens, summed_loss
from local_aws.generative.split_model import SplitModel

_BATCH = 8
_WARM_UP = 0.1
_LONGEST_GRADIENT = 1.0


def tune(
    model: SplitModel,
    lessons: Sequence[Lesson],
    epochs: int,
    learning_rate: float,
    seed: int,
    report: Callable[[StepMetrics], None],
) -> None:
    """Train the model's upper half in place: AdamW, a short warm-up, then down to nothing."""
    drawn = random.Random(seed)
    # Small steps would be lost in bf16: the weights are fp32 while they are trained.
    model.upper.float().requires_grad_(requires_grad=True)
    optimizer = torch.optim.AdamW(model.upper.parameters(), lr=learning_rate, weight_decay=0.0)
    steps = epochs * math.ceil(len(lessons) / _BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share(step, steps))
    step = 0
    for epoch in range(epochs):
        shuffled = drawn.sample(lessons, len(lessons))
        for start in range(0, len(shuffled), _BATCH):
            loss = _backward(model, shuffled[start : start + _BATCH])
            torch.nn.utils.clip_grad_norm_(model.upper.parameters(), _LONGEST_GRADIENT)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            report(StepMetrics(step, epoch, loss, math.exp(loss)))
            step += 1
    model.upper.to(model.dtype).requires_grad_(requires_grad=False)


@torch.no_grad()
def mean_loss(model: SplitModel, lessons: Sequence[Lesson]) -> float:
    """Return the mean loss of the answers' tokens."""
    total = sum(float(loss) for loss in summed_loss(lessons, model))
    return total / answer_tokens(lessons)


def _backward(model: SplitModel, batch: Sequence[Lesson]) -> float:
    tokens = answer_tokens(batch)
    total = 0.0
    with torch.autocast("cpu", model.dtype, enabled=model.dtype is not torch.float32):
        for loss in summed_loss(batch, model):
            (loss / tokens).backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
    return total / tokens


def _share(step: int, steps: int) -> float:
    """Return what share of the learning rate a step takes."""
    warm = max(1, round(steps * _WARM_UP))
    if step < warm:
        return (step + 1) / warm
    return max(0.0, (steps - step) / max(1, steps - warm))
