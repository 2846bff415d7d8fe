"""Uploads go to S3 itself: the API signs one form a file, for exactly its key and size."""

from datetime import timedelta

from thriftline.api.problems import Fault, broken_rule
from thriftline.api.requests import Call
from thriftline.api.schemas.uploads import LARGEST_FILE, FileAsk, Upload, Uploads, UploadsAsk
from thriftline.runs.domain.uploads import RUN_SPEC_NAME, SERVE_SPEC_NAME, UploadKind, classify
from thriftline.wiring import api as wiring

_SIGNED_FOR = timedelta(hours=1)


def prepare_uploads(call: Call, body: UploadsAsk) -> Uploads:
    """Signs the forms; nothing is written before somebody posts."""
    call.require(body.project, f"the data of project {body.project}")
    prefix = f"datasets/{body.project}/"
    faults = [*_unreadable(prefix, body.files), *_repeated(body.files)]
    if faults:
        raise broken_rule(f"{faults[0].pointer}: {faults[0].detail}.", *faults)
    return Uploads(
        prefix=prefix,
        expires_at=call.now + _SIGNED_FOR,
        uploads=tuple(_form(prefix, one) for one in body.files),
    )


def _unreadable(prefix: str, files: tuple[FileAsk, ...]) -> list[Fault]:
    found = [classify(prefix + one.name) for one in files]
    return [
        Fault(f"/files/{index}/name", one.reason)
        for index, one in enumerate(found)
        if one.kind is UploadKind.NOT_A_DATASET and files[index].name != SERVE_SPEC_NAME
    ]


def _repeated(files: tuple[FileAsk, ...]) -> list[Fault]:
    names = [one.name for one in files]
    return [
        Fault(f"/files/{index}/name", "is named twice")
        for index, name in enumerate(names)
        if name in names[:index]
    ]


def _form(prefix: str, file: FileAsk) -> Upload:
    key, most = prefix + file.name, file.size_bytes or LARGEST_FILE
    form = wiring.upload_forms().form_for(
        key,
        most,
        int(_SIGNED_FOR.total_seconds()),
        # A run.yaml or serve.yaml that says nothing asks for the defaults.
        may_be_empty=file.name in (RUN_SPEC_NAME, SERVE_SPEC_NAME),
    )
    return Upload(name=file.name, key=key, url=form.url, fields=form.fields, max_bytes=most)
