"""``training.input`` of the run spec: how the instances of SageMaker read the data."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from thriftline.core.section import Section

_OF_FILE_SYSTEM = ("file_system_id", "directory_path")
FileSystemId = Annotated[str, StringConstraints(pattern=r"^fs-[0-9a-f]{8,40}$")]
DirectoryPath = Annotated[
    str, StringConstraints(pattern=r"^/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", max_length=1024)
]


class InputSection(Section):
    """How the instances read the data."""

    mode: Literal["auto", "file", "fast_file", "fsx_lustre"] = Field(
        "auto",
        description="file copies the data to each instance before the training, fast_file streams "
        "them while they are tokenised, fsx_lustre reads them through a file system that the "
        "account has. auto streams where copying would cost a cent or more, or where the copy "
        "would not fit the disk; plan.json says which and why.",
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

    @model_validator(mode="after")
    def _a_file_system_is_named_as_a_whole(self) -> "InputSection":
        given = [name for name in _OF_FILE_SYSTEM if getattr(self, name) is not None]
        if self.mode == "fsx_lustre" and len(given) < len(_OF_FILE_SYSTEM):
            missing = [name for name in _OF_FILE_SYSTEM if name not in given]
            raise ValueError(f"mode fsx_lustre needs {' and '.join(missing)}")
        if self.mode != "fsx_lustre" and given:
            raise ValueError(
                f"{' and '.join(given)} belong to mode fsx_lustre; say mode: fsx_lustre, or take "
                "them out"
            )
        return self
