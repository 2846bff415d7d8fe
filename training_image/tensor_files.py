"""Safetensors files that are copied, hashed and written as one block of memory.

The library's own functions cannot fill memory that is there already, hash nothing, and go through
the page cache; for 1.3 GB beside a training that costs the training's own processor seconds
(docs/benchmarks.md). The library reads what is written here.
"""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
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


NAMES = {name: dtype for dtype, name in DTYPES.items()}


class TensorFile:
    """The bytes of a safetensors file in memory, and the tensors that lie in them."""

    def __init__(self, memory: torch.Tensor, size: int) -> None:
        """Takes the memory of a file, which is filled up to whole pages."""
        self._memory = memory
        self.size = size
        length = int.from_bytes(memory[:8].numpy().tobytes(), "little")
        data = memory[8 + length : size]
        self.tensors: Tensors = {}
        for name, entry in json.loads(memory[8 : 8 + length].numpy().tobytes()).items():
            start, end = entry["data_offsets"]
            flat = data[start:end].view(NAMES[entry["dtype"]])
            self.tensors[name] = flat.view(entry["shape"])

    @classmethod
    def like(cls, tensors: Tensors) -> "TensorFile":
        """Gets memory for a file of such tensors; it is pinned where one lies on a GPU."""
        # The wide ones first, so that each lies at a multiple of its own width, without holes.
        names = sorted(tensors, key=lambda name: -tensors[name].element_size())
        header: dict[str, Any] = {}
        end = 0
        for name in names:
            start, end = end, end + tensors[name].nbytes
            shape, dtype = list(tensors[name].shape), DTYPES[tensors[name].dtype]
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
        text = json.dumps(header).encode()
        text += b" " * (-(8 + len(text)) % PAGE)  # padding that the format allows
        beginning = len(text).to_bytes(8, "little") + text
        memory = _pages(len(beginning) + end, pinned=_on_gpu(tensors))
        # One byte of each page, so that the first copy need not wait for the kernel's zeros.
        memory.numpy()[::PAGE] = 0
        memory[: len(beginning)] = torch.frombuffer(bytearray(beginning), dtype=torch.uint8)
        return cls(memory, len(beginning) + end)

    @classmethod
    def read(cls, path: Path, digest: str) -> "TensorFile":
        """Reads a file past the page cache, into memory that a checkpoint can be copied to.

        Raises:
            OSError: it cannot be read.
            ValueError: it is not the file with that digest.
        """
        size = path.stat().st_size
        memory = _pages(size)
        found = xxhash.xxh3_128()
        place = 0
        for chunk in _chunks(path, memory):
            found.update(chunk)
            place += len(chunk)
        if place != size or found.hexdigest() != digest:
            raise ValueError(f"{path.name} is not what was written")
        return cls(memory, size)

    def fits(self, tensors: Tensors) -> bool:
        """Whether the tensors have the names, shapes and types that there is room for."""
        if tensors.keys() != self.tensors.keys() or _on_gpu(tensors) != self._memory.is_pinned():
            return False
        return all(
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
        digest = xxhash.xxh3_128()
        memory = self._memory.numpy().data
        with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as file:
            for start in range(0, len(memory), CHUNK):
                chunk = memory[start : start + CHUNK]
                digest.update(chunk[: self.size - start])
                while chunk:
                    chunk = chunk[os.write(file, chunk) :]
            os.ftruncate(file, self.size)
            os.fsync(file)
        return digest.hexdigest()


def copied(tensors: Tensors) -> Tensors:
    """Copies tensors to memory that training does not touch."""
    return {name: each.detach().to("cpu", copy=True).contiguous() for name, each in tensors.items()}


def digest_of(path: Path) -> str:
    """Returns the XXH3 digest (128 bits) of a file on the disk: it tells damage, not malice.

    Raises:
        OSError: the file cannot be read.
    """
    digest = xxhash.xxh3_128()
    for chunk in _chunks(path, _pages(CHUNK)):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(path: Path, memory: torch.Tensor) -> Iterator[memoryview]:
    """Reads a file into memory, from whose end it goes back to the beginning."""
    room = memory.numpy().data
    with _opened(path, os.O_RDONLY) as file:
        left = os.fstat(file).st_size
        place = 0
        while left:
            chunk = room[place : place + CHUNK]
            chunk = chunk[: min(os.readv(file, [chunk]), left)]
            if not chunk:
                return
            yield chunk
            left -= len(chunk)
            place = (place + len(chunk)) % len(room)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """Opens a file past the page cache, where the file system lets it be."""
    try:
        file = os.open(path, flags | getattr(os, "O_DIRECT", 0), 0o644)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        file = os.open(path, flags, 0o644)
    try:
        yield file
    finally:
        os.close(file)


def _pages(size: int, *, pinned: bool = False) -> torch.Tensor:
    """Returns whole pages from a page's beginning on, as going past the cache wants them."""
    size += -size % PAGE
    memory = torch.empty(size + PAGE, dtype=torch.uint8, pin_memory=pinned)
    start = -memory.data_ptr() % PAGE
    return memory[start : start + size]


def _on_gpu(tensors: Tensors) -> bool:
    return any(each.is_cuda for each in tensors.values())


def _bytes(tensor: torch.Tensor) -> npt.NDArray[np.uint8]:
    values: npt.NDArray[np.uint8] = tensor.reshape(-1).view(torch.uint8).numpy()
    return values
