"""Raw data that a preparation reads: which objects of a folder, and what stands for all of them."""

from collections.abc import Iterable, Sequence

from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain
from thriftline.datasets.engine.rules import FileFormat, FileKind
from thriftline.runs.domain.arrivals import MOST_FILES, FileVersion, digest_of

_KINDS: dict[str, FileFormat] = {
    "csv": "csv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "parquet": "parquet",
}
# Beside data, and no data itself, whatever the format is said to be.
_NO_DATA = ("yaml", "yml", "md", "html", "json", "py")
# One task reads such a file alone, however large it is.
_UNSPLITTABLE = ".gz"
_MOST_NAMED = 100
_FEW = 3


@dataclass(frozen=True)
class RawObject:
    """The current version of one raw object."""

    bucket: str
    key: str
    version_id: str
    size: int
    etag: str = ""

    @property
    def identity(self) -> str:
        """What changes when the object does: its version, or its ETag in a bucket without."""
        return self.etag if self.version_id == "null" else self.version_id

    @property
    def uri(self) -> str:
        """Its address."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class RawListing:
    """What the sources of a run.yaml hold; ``problem`` says why a run cannot read it."""

    files: tuple[RawObject, ...] = ()
    problem: str | None = None


def is_raw(key: str, data_format: str) -> bool:
    """Whether an object of a source is data: not hidden, and read by its name."""
    if key.endswith("/") or any(map(_is_hidden, key.split("/"))):
        return False
    return kind_of(key, data_format) is not None


def kind_of(key: str, data_format: str) -> FileKind | None:
    """Returns as what the program that prepares reads a file; None where it passes it over.

    Args:
        key: of the file; what is before its name does not count.
        data_format: what run.yaml says: csv, jsonl, parquet, or auto. One that is named holds for
            every file whose name does not say another one.
    """
    base = key.rpartition("/")[2].lower()
    gzipped = base.endswith(_UNSPLITTABLE)
    base = base.removesuffix(_UNSPLITTABLE)
    suffix = base.rpartition(".")[2] if "." in base else ""
    kind = _KINDS.get(suffix)
    if kind == "parquet" and gzipped:
        return None
    if kind is None and suffix not in _NO_DATA:
        kind = _KINDS.get(data_format)
    return FileKind(kind, gzipped) if kind and data_format in ("auto", kind) else None


def none_is_read(keys: Sequence[str], data_format: str) -> str | None:
    """Says why none of some files is read, and what to do; None where one is."""
    if not keys or any(kind_of(key, data_format) for key in keys):
        return None
    named = ", ".join(plain(key, 120) for key in keys[:_FEW])
    more = f" and {len(keys) - _FEW:,} more" if len(keys) > _FEW else ""
    rule = (
        "by their names they are no CSV, JSON lines or Parquet"
        if data_format == "auto"
        else f"their names say that they are no {data_format}, which prepare.format names"
    )
    return (
        f"prepare: of {named}{more} nothing is read: {rule}. Correct prepare.format, or the names. "
        "Nothing was spent."
    )


def _is_hidden(name: str) -> bool:
    # As Spark has it: ``_year=2026`` is a folder of data.
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def listing_of(sources: Sequence[str], found: Iterable[RawObject]) -> RawListing:
    """Returns the objects in order of their address, or why they are no raw data."""
    files: list[RawObject] = []
    for one in found:
        if one.size:
            files.append(one)
        if len(files) > MOST_FILES:
            return RawListing(
                problem=f"run.yaml: prepare.source: more than {MOST_FILES:,} files; merge some of "
                "them. Nothing was spent."
            )
    if not files:
        return RawListing(
            problem=f"run.yaml: prepare.source: {', '.join(sources)} hold no data file "
            "(.csv, .jsonl, .csv.gz, .jsonl.gz, .parquet; where prepare.format says one format, "
            "files of that format, or whose names say none). Nothing was spent."
        )
    return RawListing(tuple(sorted(files, key=lambda one: one.uri)))


def as_one_file(sources: Sequence[str], listing: RawListing) -> FileVersion:
    """Returns what stands for a listing in a claim: its version is a digest of all of it."""
    rows = [f"{one.uri} {one.version_id} {one.etag} {one.size}" for one in listing.files]
    digest = digest_of(*rows)
    return FileVersion(
        name=" ".join(sorted(sources)),
        version_id=digest,
        size=sum(one.size for one in listing.files),
        etag=digest,
    )


def read_from(sources: Sequence[str] | None, folder: str, files: Sequence[str]) -> list[str]:
    """Returns what the program is told to read: each place is listed by itself, so few are best.

    Args:
        sources: folders that run.yaml names; None where the files lie beside it.
        folder: where run.yaml lies.
        files: all raw files.
    """
    if sources is not None:
        return list(sources)
    return list(files) if is_each_named(sources, len(files)) else [folder]


def is_each_named(sources: Sequence[str] | None, files: int) -> bool:
    """Whether the program is told each file; else it reads whatever its folders hold by then."""
    return sources is None and files <= _MOST_NAMED


def largest_unsplittable(files: Iterable[tuple[str, int]]) -> int:
    """Returns the size of the largest file that one task has to read alone, 0 when there is none.

    Args:
        files: names with their sizes in bytes.
    """
    return max((size for name, size in files if name.lower().endswith(_UNSPLITTABLE)), default=0)


def unpacked_size(name: str, size: int) -> int:
    """Returns about how many bytes of text a file holds: packed text is a third to a fifth."""
    lower = name.lower()
    if lower.endswith(_UNSPLITTABLE):
        return size * 4
    return size * 3 if lower.endswith(".parquet") else size
