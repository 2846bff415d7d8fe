"""Tools that find near-duplicates, each in a process of its own.

    python -m benchmarks.preparation_tools TOOL CORPUS.jsonl PAIRS.json

Each reads the same texts and writes the pairs that it holds for alike: word 3-grams, a threshold
of 0.8. ``benchmarks/preparation.py`` starts them and compares.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

Pair = tuple[int, int]
THRESHOLD = 0.8
BANDS, ROWS = 16, 8


def texts_of(path: Path) -> list[str]:
    """Returns the texts of the corpus, in order."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def rensa_raw(path: Path) -> list[Pair]:
    """Finds pairs with rensa, not verified."""
    from rensa import RMinHash, RMinHashLSH

    from benchmarks.preparation_corpus import shingle_set

    index = RMinHashLSH(THRESHOLD, BANDS * ROWS, BANDS)
    pairs = []
    for number, text in enumerate(texts_of(path)):
        made = RMinHash(BANDS * ROWS, 42)
        made.update([" ".join(shingle) for shingle in shingle_set(text)])
        pairs += [(other, number) for other in index.query(made)]
        index.insert(number, made)
    return pairs


def datasketch_raw(path: Path) -> list[Pair]:
    """Finds pairs with datasketch, not verified."""
    from datasketch import MinHash, MinHashLSH

    from benchmarks.preparation_corpus import shingle_set

    index = MinHashLSH(params=(BANDS, ROWS), num_perm=BANDS * ROWS)
    pairs = []
    for number, text in enumerate(texts_of(path)):
        made = MinHash(num_perm=BANDS * ROWS, seed=42)
        made.update_batch([" ".join(shingle).encode() for shingle in shingle_set(text)])
        pairs += [(other, number) for other in index.query(made)]
        index.insert(number, made)
    return pairs


DUCKDB = f"""
CREATE TABLE texts AS
  WITH split AS (
    SELECT row_number() OVER () - 1 AS id,
           regexp_extract_all(lower(text), '[\\p{{L}}\\p{{N}}]+') AS w
    FROM read_json(?, format = 'newline_delimited', columns = {{'text': 'VARCHAR'}}))
  SELECT id, list_distinct(CASE WHEN len(w) < 3 THEN list_transform(w, lambda x: hash(x))
    ELSE list_transform(range(1, len(w) - 1), lambda i: hash(w[i], w[i + 1], w[i + 2])) END) AS g
  FROM split WHERE len(w) > 0;
CREATE TABLE buckets AS
  WITH signed AS (
    SELECT id, list_transform(range({BANDS * ROWS}),
      lambda k: list_min(list_transform(g, lambda x: hash(x, k)))) AS s FROM texts),
  banded AS (SELECT id, s, unnest(range({BANDS})) AS band FROM signed)
  SELECT id, band, hash(s[band * {ROWS} + 1 : band * {ROWS} + {ROWS}]) AS key FROM banded;
SELECT DISTINCT one.id, other.id
FROM (SELECT id, min(id) OVER (PARTITION BY band, key) AS first FROM buckets) AS pair
JOIN texts AS one ON one.id = pair.first JOIN texts AS other ON other.id = pair.id
WHERE pair.first < pair.id
  AND len(list_intersect(one.g, other.g)) >= {THRESHOLD} *
      (len(one.g) + len(other.g) - len(list_intersect(one.g, other.g)));
"""


def duckdb_verified(path: Path) -> list[Pair]:
    """Finds pairs with one SQL script of DuckDB, each verified."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    *first, last = (part for part in DUCKDB.split(";\n") if part.strip())
    for number, statement in enumerate(first):
        connection.execute(statement, [str(path)] if number == 0 else None)
    return [(int(one), int(other)) for one, other in connection.execute(last).fetchall()]


def hashes_without_spark(path: Path) -> list[Pair]:
    """Finds pairs with the program's own hashes, in one process and without Spark."""
    from preparation.thriftline_preparation.minhash import Banding, MinHash, jaccard, shingles

    texts = texts_of(path)
    minhash = MinHash.of(Banding.of(THRESHOLD), 0)
    smallest: dict[int, int] = {}
    candidates = set()
    for start in range(0, len(texts), 4000):
        part = texts[start : start + 4000]
        for number, row in enumerate(minhash.buckets(part, [None] * len(part)).tolist(), start):
            candidates |= {(smallest.setdefault(bucket, number), number) for bucket in row}
    groups = defaultdict(list)
    for one, other in candidates:
        if one != other:
            groups[one].append(other)
    pairs = []
    for one, others in groups.items():
        of_one = shingles(texts[one])
        pairs += [(one, o) for o in others if jaccard(of_one, shingles(texts[o])) >= THRESHOLD]
    return pairs


def program_on_spark(path: Path) -> list[Pair]:
    """Finds pairs with the stage of the program, on Spark."""
    import tempfile

    from pyspark.sql import functions as F

    from preparation.thriftline_preparation.near_duplicates import near_duplicates
    from preparation.thriftline_preparation.session import start_session
    from preparation.thriftline_preparation.stages import Stages

    spark = start_session()
    with tempfile.TemporaryDirectory() as folder:
        stages = Stages(spark, folder)
        read = spark.read.schema("id long, text string").json(str(path)).repartition(8)
        rows = read.select("id", F.xxhash64("id").alias("row_id"), "text")
        rows = stages.keep("rows", rows.withColumn("text_pair", F.lit(None).cast("string")))
        members = near_duplicates(rows, THRESHOLD, stages)
        found = rows.join(members, "row_id").select("id", "cluster_id").collect()
    groups = defaultdict(list)
    for row in found:
        groups[row["cluster_id"]].append(row["id"])
    return [(group[0], other) for group in groups.values() for other in group[1:]]


TOOLS: dict[str, Callable[[Path], list[Pair]]] = {
    "rensa-raw": rensa_raw,
    "datasketch-raw": datasketch_raw,
    "duckdb-verified": duckdb_verified,
    "hashes-without-spark": hashes_without_spark,
    "program-on-spark": program_on_spark,
}

if __name__ == "__main__":
    tool, corpus, output = sys.argv[1:]
    Path(output).write_text(json.dumps(TOOLS[tool](Path(corpus))), encoding="utf-8")
