"""The body of a presigned POST, as it is read in pieces."""

from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline_cli.exits import CommandError
from thriftline_cli.runs.uploading import Form

FIELDS = {"key": "datasets/shop/shop.csv", "policy": "eyJ9", "x-amz-date": "20261130T030000Z"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


def a_file(folder: Path, content: bytes) -> Path:
    path = folder / f"{uuid4().hex}.csv"
    path.write_bytes(content)
    return path


@given(content=st.binary(max_size=500), piece=st.integers(1, 200), again=st.booleans())
def test_the_form_is_whole_whatever_the_pieces(
    folder: Path, content: bytes, piece: int, again: bool
) -> None:
    said: list[int] = []
    form = Form(FIELDS, a_file(folder, content), said.append)
    if again:
        # A retry begins anew.
        form.read(piece)
        form.seek(0)
    whole = b"".join(iter(lambda: form.read(piece), b""))
    assert len(whole) == len(form)
    head = f"Content-Type: {form.content_type}\r\n\r\n".encode()
    parts: Any = message_from_bytes(head + whole).get_payload()
    found = {one.get_param("name", header="Content-Disposition"): one for one in parts}
    assert list(found) == [*FIELDS, "file"]
    assert {name: found[name].get_payload() for name in FIELDS} == FIELDS
    boundary = form.content_type.rpartition("=")[2].encode()
    body = whole.rpartition(b"octet-stream\r\n\r\n")[2]
    if b"octet-stream" not in content:
        assert body == content + b"\r\n--" + boundary + b"--\r\n"
    assert said[-1] == len(content)
    form.close()


def test_a_file_that_becomes_shorter_is_no_endless_upload(tmp_path: Path) -> None:
    path = a_file(tmp_path, b"x" * 1000)
    form = Form(FIELDS, path)
    path.write_bytes(b"x")
    with pytest.raises(CommandError, match="became shorter"):
        form.read()
    form.close()
