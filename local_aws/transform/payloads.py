"""What a transform job sends and keeps: objects cut into payloads, answers put together again."""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence

MEBIBYTE = 1024**2


class PayloadError(Exception):
    """An object cannot be sent; the message is SageMaker's kind of reason."""


def unpacked(content: bytes, compression: str) -> bytes:
    """Return an object's content without its compression.

    Raises:
        PayloadError: it is no gzip.
    """
    if compression != "Gzip":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise PayloadError(f"The input is not gzip: {error}.") from error


def payloads(content: bytes, *, split: str, strategy: str, most_bytes: int) -> list[bytes]:
    """Cut an object into the bodies of requests.

    Args:
        content: of the object.
        split: `None` for the whole object, `Line` for records that are lines.
        strategy: `SingleRecord`, or `MultiRecord` for as many as fit.
        most_bytes: of a payload.

    Raises:
        PayloadError: a record is larger than a payload may be.
    """
    records = [content] if split == "None" else [line for line in content.split(b"\n") if line]
    for number, record in enumerate(records, start=1):
        if len(record) > most_bytes:
            what = "The object" if split == "None" else f"Record {number}"
            raise PayloadError(
                f"{what} has {len(record):,} bytes, more than MaxPayloadInMB allows "
                f"({most_bytes:,})."
            )
    if split == "None" or strategy == "SingleRecord":
        return records
    return [b"\n".join(batch) for batch in _batches(records, most_bytes)]


def _batches(records: Iterable[bytes], most_bytes: int) -> Iterator[list[bytes]]:
    batch, size = list[bytes](), 0
    for record in records:
        if batch and size + 1 + len(record) > most_bytes:
            yield batch
            batch, size = [], 0
        size += len(record) + bool(batch)
        batch.append(record)
    if batch:
        yield batch


def assembled(answers: Sequence[bytes], assemble: str) -> bytes:
    """Put the answers of an object together; with `Line` each ends a line."""
    if assemble != "Line":
        return b"".join(answers)
    return b"".join(each if each.endswith(b"\n") else each + b"\n" for each in answers)
