"""Near-duplicates on a planted corpus whose truth is found exactly, and on hard cases."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from benchmarks.preparation_corpus import components, exact_pairs, planted, sentences
from preparation.thriftline_preparation.clusters import clusters, keep_one
from preparation.thriftline_preparation.duplicates import with_row_ids
from preparation.thriftline_preparation.near_duplicates import near_duplicates
from preparation.thriftline_preparation.splitting import with_splits

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from preparation.thriftline_preparation.stages import Stages

COLUMNS = "text string, text_pair string, label string"


def with_clusters(frame: DataFrame, members: DataFrame | None) -> DataFrame:
    """Returns the frame with ``cluster_id``; a row that is like no other is its own cluster."""
    if members is None:
        return frame.withColumn("cluster_id", F.col("row_id"))
    own = F.coalesce("cluster_id", "row_id").alias("cluster_id")
    return frame.join(members, "row_id", "left").select(*frame.columns, own)


def frame_of(spark: SparkSession, rows: list[tuple[str, str | None, str]]) -> DataFrame:
    return with_row_ids(spark.createDataFrame(rows, COLUMNS)).repartition(3)


def cluster_of_text(rows: DataFrame, members: DataFrame) -> dict[str, int]:
    found = rows.join(members, "row_id").select("text", "cluster_id").collect()
    return {row["text"]: row["cluster_id"] for row in found}


def test_planted_copies_are_found_and_nothing_else(spark: SparkSession, stages: Stages) -> None:
    chance = random.Random(14)
    originals = [(text, f"label {chance.randrange(3)}") for text in sentences(5000, chance)]
    rows = planted(originals, copies=1000, edits=4000, chance=chance)
    truth = exact_pairs([text for text, _ in rows], 0.8)
    assert len(truth) > 1400
    frame = stages.keep("rows", frame_of(spark, [(text, None, label) for text, label in rows]))

    members = near_duplicates(frame, 0.8, stages)

    cluster = cluster_of_text(frame, members)
    found = {(one, other) for one, other in truth if alike(cluster, rows, one, other)}
    assert len(found) >= 0.99 * len(truth)
    exact = components(truth)
    numbers = {text: number for number, (text, _) in enumerate(rows)}
    groups = defaultdict(list)
    for text, each in cluster.items():
        groups[each].append(numbers[text])
    for group in groups.values():
        assert len({exact[number] for number in group}) == 1  # a precision of 1.00

    named = stages.keep("clusters_of_rows", with_clusters(frame, members))
    split = with_splits(named, 0.1, 0.1, 7, stages)
    per_cluster = split.groupBy("cluster_id").agg(F.countDistinct("split").alias("splits"))
    assert per_cluster.filter("splits > 1").isEmpty()
    kept = {row["text"] for row in keep_one(named).collect()}
    assert len(kept) == len(rows) - len(cluster) + len(groups)
    left = [text for text in kept if text in cluster]
    assert len({cluster[text] for text in left}) == len(left) == len(groups)


def alike(cluster: dict[str, int], rows: list[tuple[str, str]], one: int, other: int) -> bool:
    first = cluster.get(rows[one][0])
    return first is not None and first == cluster.get(rows[other][0])


def test_eight_thousand_copies_of_a_text_make_as_many_pairs(
    spark: SparkSession, stages: Stages, tmp_path: Path
) -> None:
    """Not their square: each is compared with the smallest alone."""
    words = [
        "thirteen",
        "words",
        "that",
        "many",
        "people",
        "sent",
        "with",
        "other",
        "signs",
        "after",
        "some",
        "of",
        "them",
    ]
    signs = [f"IF(id & {1 << place} > 0, '{word}!', '{word}')" for place, word in enumerate(words)]
    rows = spark.range(8000).select(F.expr(f"concat_ws(' ', {', '.join(signs)})").alias("text"))
    rows = rows.selectExpr("text", "CAST(NULL AS string) AS text_pair", "'a' AS label")
    frame = stages.keep("rows", with_row_ids(rows))

    members = near_duplicates(frame, 0.8, stages)

    assert spark.read.parquet(f"{tmp_path}/stages/_stages/near_pairs").count() == 7999
    assert members.count() == 8000
    assert members.select("cluster_id").distinct().count() == 1


def test_texts_of_two_words_and_of_none(spark: SparkSession, stages: Stages) -> None:
    texts = ["Very good", "good, very!", "very bad", "good", "GOOD.", "?!", "? !", "!?", "🙂", ""]
    frame = stages.keep("rows", frame_of(spark, [(text, None, "a") for text in texts]))
    cluster = cluster_of_text(frame, near_duplicates(frame, 0.8, stages))
    groups = defaultdict(set)
    for text, each in cluster.items():
        groups[each].add(text)
    assert sorted(map(sorted, groups.values())) == [
        ["? !", "?!"],
        ["GOOD.", "good"],
        ["Very good", "good, very!"],
    ]


def test_pairs_are_alike_only_where_both_texts_are(spark: SparkSession, stages: Stages) -> None:
    passage = " ".join(f"word{number}" for number in range(300))
    changed = passage.replace("word7 ", "other ")
    rows = [
        (passage, "Who wrote it?", "a"),
        (changed, "who wrote it", "a"),
        (passage, "When was that?", "b"),
        (passage + " .", None, "b"),
    ]
    frame = stages.keep("rows", frame_of(spark, [*rows, (passage, None, "c")]))
    members = near_duplicates(frame, 0.8, stages)
    found = frame.join(members, "row_id").select("text_pair", "cluster_id").collect()
    groups = Counter((row["cluster_id"], row["text_pair"] is None) for row in found)
    assert sorted(groups.values()) == [2, 2]
    assert "When was that?" not in {row["text_pair"] for row in found}


def test_nothing_alike_gives_no_cluster(spark: SparkSession, stages: Stages) -> None:
    frame = stages.keep("rows", frame_of(spark, [("one text here", None, "a")]))
    members = near_duplicates(frame, 0.8, stages)
    assert members.isEmpty()
    assert with_clusters(frame, members).filter("cluster_id = row_id").count() == 1
    assert with_clusters(frame, None).filter("cluster_id = row_id").count() == 1
    assert keep_one(with_clusters(frame, None)).count() == 1


def test_pairs_beyond_one_task_give_the_same_clusters(spark: SparkSession, stages: Stages) -> None:
    chance = random.Random(5)
    chain = [(number, number + 1) for number in range(12)]
    star = [(100, number) for number in range(101, 120)]
    loose = [(low, low + chance.randint(1, 30)) for low in chance.choices(range(200, 240), k=40)]
    pairs = [*chain, *star, *loose]
    chance.shuffle(pairs)
    frame = spark.createDataFrame(pairs, "smallest bigint, row_id bigint")
    expected = components(pairs)
    for most in (10**6, 0):
        rows = clusters(frame, stages, most).collect()
        assert len(rows) == len(expected)
        assert {row["row_id"]: row["cluster_id"] for row in rows} == expected


def test_other_thresholds_find_their_pairs_and_nothing_else(
    spark: SparkSession, stages: Stages
) -> None:
    chance = random.Random(6)
    rows = planted([(text, "a") for text in sentences(300, chance)], 30, 300, chance)
    texts = [text for text, _ in rows]
    frame = stages.keep("rows", frame_of(spark, [(text, None, "a") for text in texts]))
    for threshold in (0.5, 1.0):
        truth = exact_pairs(texts, threshold)
        cluster = cluster_of_text(frame, near_duplicates(frame, threshold, stages))
        found = sum(alike(cluster, rows, one, other) for one, other in truth)
        assert found >= 0.97 * len(truth) > 0
        exact = components(truth)
        for one, other in itertools.combinations(range(len(rows)), 2):
            if alike(cluster, rows, one, other):
                assert exact[one] == exact[other]
