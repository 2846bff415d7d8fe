"""What a project's own finished runs teach about the next one: ratios, shrunk towards the model.

A run's time is a sum of parts, such as its start and its work, of which a model says how long each
probably is. The runs that have finished say by which factor each part was really longer. With few
of them the factors stay close to 1, as close as the model is sure of its parts; with many they are
those of the runs. One run alone teaches nothing: it may have been the odd one.

It is the maximum a posteriori estimate of the logarithms of the factors, with a normal prior about
0 for each and normal errors of the logarithm of the time, whose variance is estimated beside it
(empirical Bayes); found by Gauss-Newton steps, and the range by the delta method.
"""

from collections.abc import Sequence
from math import exp, log, sqrt

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.spans import Span

FEWEST_RUNS = 2
# Relative error of a run's time where the runs do not say it yet, and how many runs that is worth.
_USUAL_ERROR, _USUAL_WEIGHT = 0.15, 3.0
_FIRST_ERROR, _ROUNDS = 0.2, 4
_LEAST_SECONDS = 1e-3
# A span is about nine of ten outcomes of a normal distribution.
_DEVIATIONS = 1.645
_LEAST_DEVIATION = 0.02
_STEPS, _LONGEST_STEP, _ENOUGH = 60, 1.0, 1e-9

Matrix = list[list[float]]


@dataclass(frozen=True)
class Observation:
    """One finished run: what the model says of each part, likely, and what all of it took."""

    parts: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class Correction:
    """The factors of the parts, as logarithms, with what is known of their errors."""

    logs: tuple[float, ...]
    covariance: Matrix
    error: float
    """Standard deviation of the logarithm of a single run's time."""
    freedom: float
    """Degrees of freedom of that."""
    runs: int

    def predict(self, parts: Sequence[float]) -> Span:
        """Returns how long a run of these parts takes."""
        scaled = [_floor(part) * exp(one) for part, one in zip(parts, self.logs, strict=True)]
        likely = sum(scaled)
        shares = [part / likely for part in scaled]
        variance = self.error**2 + _quadratic(shares, self.covariance)
        factor = exp(_student(self.freedom) * sqrt(variance))
        return Span(likely / factor, likely, likely * factor)


def correction(prior: Sequence[Span], finished: Sequence[Observation]) -> Correction | None:
    """Returns what the finished runs teach, None when they are too few.

    Args:
        prior: the parts of the run to come, whose width says how sure the model is of each.
        finished: runs of the same kind.
    """
    if len(finished) < FEWEST_RUNS:
        return None
    deviations = [_deviation(span) for span in prior]
    error, logs = _FIRST_ERROR, [0.0] * len(deviations)
    for _ in range(_ROUNDS):
        logs = _most_likely(logs, deviations, finished, error)
        covariance = _inverse(_information(logs, deviations, finished, error))
        freedom = _freedom(covariance, deviations, len(finished))
        error = _error_of(logs, finished, freedom)
    return Correction(tuple(logs), covariance, error, freedom, len(finished))


def _deviation(span: Span) -> float:
    width = log(_floor(span.high) / _floor(span.low)) / 2
    return max(_LEAST_DEVIATION, width / _DEVIATIONS)


def _most_likely(
    start: Sequence[float],
    deviations: Sequence[float],
    finished: Sequence[Observation],
    error: float,
) -> list[float]:
    logs = list(start)
    for _ in range(_STEPS):
        slope = [-one / d**2 for one, d in zip(logs, deviations, strict=True)]
        for run in finished:
            expected, shares = _shares(run, logs)
            missed = log(_floor(run.seconds) / expected) / error**2
            slope = [s + share * missed for s, share in zip(slope, shares, strict=True)]
        step = _solve(_information(logs, deviations, finished, error), slope)
        logs = [
            one + max(-_LONGEST_STEP, min(_LONGEST_STEP, by))
            for one, by in zip(logs, step, strict=True)
        ]
        if max(abs(by) for by in step) < _ENOUGH:
            break
    return logs


def _freedom(covariance: Matrix, deviations: Sequence[float], runs: int) -> float:
    """What is left of the runs once they have moved the factors away from the prior."""
    spent = sum(1 - covariance[row][row] / deviation**2 for row, deviation in enumerate(deviations))
    return _USUAL_WEIGHT + max(0.0, runs - spent)


def _error_of(logs: Sequence[float], finished: Sequence[Observation], freedom: float) -> float:
    missed = sum(log(_floor(run.seconds) / _shares(run, logs)[0]) ** 2 for run in finished)
    return sqrt((_USUAL_WEIGHT * _USUAL_ERROR**2 + missed) / freedom)


def _shares(run: Observation, logs: Sequence[float]) -> tuple[float, list[float]]:
    scaled = [_floor(part) * exp(one) for part, one in zip(run.parts, logs, strict=True)]
    total = sum(scaled)
    return total, [part / total for part in scaled]


def _information(
    logs: Sequence[float],
    deviations: Sequence[float],
    finished: Sequence[Observation],
    error: float,
) -> Matrix:
    size = len(logs)
    found = [[0.0] * size for _ in range(size)]
    for row, deviation in enumerate(deviations):
        found[row][row] = 1 / deviation**2
    for run in finished:
        _, shares = _shares(run, logs)
        for row in range(size):
            for column in range(size):
                found[row][column] += shares[row] * shares[column] / error**2
    return found


def _solve(matrix: Matrix, right: Sequence[float]) -> list[float]:
    """Solves a system whose matrix is positive definite; so no pivot is zero."""
    size = len(right)
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    for pivot in range(size):
        for below in range(pivot + 1, size):
            factor = rows[below][pivot] / rows[pivot][pivot]
            rows[below] = [
                one - factor * other for one, other in zip(rows[below], rows[pivot], strict=True)
            ]
    found = [0.0] * size
    for row in reversed(range(size)):
        known = sum(rows[row][column] * found[column] for column in range(row + 1, size))
        found[row] = (rows[row][size] - known) / rows[row][row]
    return found


def _inverse(matrix: Matrix) -> Matrix:
    size = len(matrix)
    units = [[1.0 if row == column else 0.0 for row in range(size)] for column in range(size)]
    columns = [_solve(matrix, unit) for unit in units]
    return [[column[row] for column in columns] for row in range(size)]


def _quadratic(vector: Sequence[float], matrix: Matrix) -> float:
    return sum(
        left * right * matrix[row][column]
        for row, left in enumerate(vector)
        for column, right in enumerate(vector)
    )


def _student(freedom: float) -> float:
    """Quantile of Student's t for a range of 95 %, to a hundredth from three degrees on."""
    least = max(1.5, freedom)
    return 1.96 + 2.4 / least + 3.0 / least**2


def _floor(seconds: float) -> float:
    return max(_LEAST_SECONDS, seconds)
