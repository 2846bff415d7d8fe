"""``training.input`` of the run spec: how the instances of SageMaker read the data."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from thriftline.core.section import Section

# The keys that a mode needs, and that belong to it alone.
_KEYS_OF: Mapping[str, tuple[str, ...]] = {
    "fsx_lustre": ("file_system_id", "directory_path"),
    "s3_express": ("bucket",),
}
FileSystemId = Annotated[str, StringConstraints(pattern=r"^fs-[0-9a-f]{8,40}$")]
DirectoryPath = Annotated[
    str, StringConstraints(pattern=r"^/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", max_length=1024)
]
# S3's own rule: a name of its owner's, the id of the zone, and the suffix.
DirectoryBucket = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?--[a-z]+[0-9]+-az[0-9]+--x-s3$", max_length=63
    ),
]


class InputSection(Section):
    """How the instances read the data."""

    mode: Literal["auto", "file", "fast_file", "fsx_lustre", "s3_express"] = Field(
        "auto",
        description="file copies the data to each instance before the training, fast_file streams "
        "them while they are tokenised, fsx_lustre reads them through a file system that the "
        "account has, s3_express streams them from a directory bucket that the account has. auto "
        "streams where copying would cost a cent or more, or where the copy would not fit the "
        "disk; plan.json says which and why.",
    )
    file_system_id: FileSystemId | None = Field(
        None,
        description="FSx for Lustre file system, for fsx_lustre. It must be linked to the stack's "
        "artifacts bucket, and the stack must have TrainingSubnetIds.",
    )
    directory_path: DirectoryPath | None = Field(
        None,
        description="Where the file system shows that bucket: its mount name, and behind it the "
        "path of the data repository association, such as /fsx/thriftline.",
    )
    bucket: DirectoryBucket | None = Field(
        None,
        description="Directory bucket of S3 Express One Zone, for s3_express, one of the stack's "
        "parameter TrainingExpressBuckets, such as training--use1-az4--x-s3. The splits are "
        "written there too, and deleted with the run's scratch.",
    )

    @model_validator(mode="after")
    def _has_the_keys_of_its_mode(self) -> "InputSection":
        for mode, keys in _KEYS_OF.items():
            given = [name for name in keys if getattr(self, name) is not None]
            if self.mode == mode and len(given) < len(keys):
                missing = [name for name in keys if name not in given]
                raise ValueError(f"mode {mode} needs {' and '.join(missing)}")
            if self.mode != mode and given:
                belong, them = ("belong", "them") if len(given) > 1 else ("belongs", "it")
                raise ValueError(
                    f"{' and '.join(given)} {belong} to mode {mode}; say mode: {mode}, or take "
                    f"{them} out"
                )
        return self
