"""The embedded Bedrock's stand-in finds the labels where a run's instruction lists them."""

from local_aws.generative.stand_in import labels_of
from thriftline.runs.trainers.bedrock.label_words import label_words
from thriftline.runs.trainers.bedrock.prompt import system_prompt


def test_the_stand_in_reads_the_labels_of_a_runs_instruction() -> None:
    words = label_words(["Sport", "World news", "Business & Tech"])
    assert labels_of(system_prompt(words)) == sorted(words.values())
