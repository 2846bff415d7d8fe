"""Takes a finished run of Thriftline into a notebook, and a model back to its registry.

It imports neither Thriftline nor the `sagemaker` SDK: a run's documents and AWS's answers go in,
arguments of ModelTrainer and of CreateModelPackage come out. `retrain.ipynb` shows the whole story.
"""

from thriftline_notebook.answers import Answers, TestScores, read_output
from thriftline_notebook.comparison import Comparison, NotCompared, compared, with_champion
from thriftline_notebook.hand_back import HandBack, hand_back, refuse_repeated, remove_checkpoints
from thriftline_notebook.problems import RetrainingError
from thriftline_notebook.retraining import Champion, Retraining, retraining_of
from thriftline_notebook.role import role_problems
from thriftline_notebook.runs import Clients, Run, champion_of, output_of, read_run

__all__ = [
    "Answers",
    "Champion",
    "Clients",
    "Comparison",
    "HandBack",
    "NotCompared",
    "Retraining",
    "RetrainingError",
    "Run",
    "TestScores",
    "champion_of",
    "compared",
    "hand_back",
    "output_of",
    "read_output",
    "read_run",
    "refuse_repeated",
    "remove_checkpoints",
    "retraining_of",
    "role_problems",
    "with_champion",
]
