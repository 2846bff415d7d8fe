"""Safetensors files that are copied, hashed and written as one block of memory.

The library's own `save_file` cannot fill memory that is there already, hashes nothing, and goes
through the page cache; for 1.3 GB beside a training that costs the training's own processor
seconds (docs/benchmarks.md). Its `load_file` reads what is written here.
"""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xxhash

Tensors = dict[str, torch.Tensor]

PAGE = 4096
CHUNK = 4 << 20  # bytes hashed and written at a time: they are still in the processor's cache
DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


class TensorFile:
    """The bytes of a safetensors file in memory, with room for tensors like the given ones."""

    def __init__(self, like: Tensors) -> None:
        """Asks for the memory, which is pinned where a tensor lies on a GPU."""
        # The wide ones first, so that each lies at a multiple of its own width, without holes.
        names = sorted(like, key=lambda name: -like[name].element_size())
        header: dict[str, Any] = {}
        end = 0
        for name in names:
            start, end = end, end + like[name].nbytes
            shape, dtype = list(like[name].shape), DTYPES[like[name].dtype]
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
        text = json.dumps(header).encode()
        text += b" " * (-(8 + len(text)) % PAGE)  # padding that the format allows
        data = 8 + len(text)
        self.size = data + end
        self._memory = _aligned(self.size, pinned=any(each.is_cuda for each in like.values()))
        # One byte of each page, so that the first copy need not wait for the kernel's zeros.
        self._memory.numpy()[::PAGE] = 0
        prefix = np.frombuffer(len(text).to_bytes(8, "little") + text, dtype=np.uint8)
        self._memory[:data] = torch.from_numpy(prefix.copy())
        self.tensors: Tensors = {}
        for name in names:
            start, end = (data + each for each in header[name]["data_offsets"])
            memory = self._memory[start:end]
            self.tensors[name] = memory.view(like[name].dtype).view(like[name].shape)

    def fits(self, tensors: Tensors) -> bool:
        """Whether the tensors have the names, shapes and types that there is room for."""
        return tensors.keys() == self.tensors.keys() and all(
            each.shape == tensors[name].shape and each.dtype == tensors[name].dtype
            for name, each in self.tensors.items()
        )

    def copy(self, tensors: Tensors) -> None:
        """Copies tensors in: those of a GPU beside the program, those of a CPU with one thread."""
        for name, room in self.tensors.items():
            tensor = tensors[name].detach()
            if tensor.is_cuda:
                room.copy_(tensor, non_blocking=True)
            else:
                # numpy's copy takes no threads from the training, and leaves it the interpreter.
                np.copyto(_bytes(room), _bytes(tensor))

    def write(self, path: Path) -> str:
        """Writes the file past the page cache, to the disk; returns its digest.

        Raises:
            OSError: the disk is full or broken.
        """
        try:
            return self._write(path, getattr(os, "O_DIRECT", 0))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return self._write(path, 0)  # a file system without it

    def _write(self, path: Path, direct: int) -> str:
        digest = xxhash.xxh3_128()
        memory = self._memory.numpy().data
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | direct, 0o644)
        try:
            for start in range(0, len(memory), CHUNK):
                chunk = memory[start : start + CHUNK]
                digest.update(chunk[: self.size - start])
                while chunk:
                    chunk = chunk[os.write(file, chunk) :]
            os.ftruncate(file, self.size)
            os.fsync(file)
        finally:
            os.close(file)
        return digest.hexdigest()


def copied(tensors: Tensors) -> Tensors:
    """Copies tensors to memory that training does not touch."""
    return {name: each.detach().to("cpu", copy=True).contiguous() for name, each in tensors.items()}


def digest_of(path: Path) -> str:
    """Returns the XXH3 digest (128 bits) of a file, which tells damage, not malice.

    Raises:
        OSError: the file cannot be read.
    """
    digest = xxhash.xxh3_128()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(path: Path) -> Iterator[memoryview]:
    memory = memoryview(bytearray(CHUNK))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(memory):
            yield memory[:count]


def _aligned(size: int, *, pinned: bool) -> torch.Tensor:
    """Returns whole pages from a page's beginning on, which writing past the cache asks for."""
    size += -size % PAGE
    memory = torch.empty(size + PAGE, dtype=torch.uint8, pin_memory=pinned)
    start = -memory.data_ptr() % PAGE
    return memory[start : start + size]


def _bytes(tensor: torch.Tensor) -> npt.NDArray[np.uint8]:
    values: npt.NDArray[np.uint8] = tensor.reshape(-1).view(torch.uint8).numpy()
    return values
