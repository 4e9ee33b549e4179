"""Values of a transposed matrix, out of the file of the matrix itself."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from modelaudit.domain.reader import Reader
from modelaudit.domain.weights import Tensor
from modelaudit.resolve.weights.decode import decoded, span, stored

_CHUNK: Final = 1 << 20
"""Bytes read at a time: disks give pages, and a call takes as long as some of them."""


class Gathered(NamedTuple):
    """What was found."""

    data: bytes | None
    """As F32; ``None`` where the file ends before the values do."""
    bytes_read: int


def gathered(reader: Reader, tensor: Tensor, start: int, count: int) -> Gathered:
    """Values from ``start`` on of the transpose of a matrix; raises what ``reader`` raises.

    Few columns of many rows are needed, so rows are read in chunks and cut.
    """
    rows, columns = tensor.shape
    first, last = start // rows, (start + count - 1) // rows
    # Of one column, only the rows that are asked for.
    begin, end = (start % rows, start % rows + count) if first == last else (0, rows)
    stride = stored(tensor.dtype, (columns,)) or 0
    place = span(tensor.dtype, (columns,), first, last - first + 1)
    most = max(1, _CHUNK // stride)
    pieces: list[bytes] = []
    bytes_read = 0
    for row in range(begin, end, most):
        height = min(most, end - row)
        length = (height - 1) * stride + place.length_bytes
        data = reader.read((tensor.offset or 0) + row * stride + place.offset_bytes, length)
        bytes_read += len(data)
        if len(data) < length:
            return Gathered(None, bytes_read)
        cut = np.lib.stride_tricks.as_strided(
            np.frombuffer(data, np.uint8), (height, place.length_bytes), (stride, 1)
        )
        pieces.append(cut.tobytes())
    values = decoded(tensor.dtype, b"".join(pieces)).reshape(end - begin, -1)
    turned = values[:, place.skip : place.skip + last - first + 1].T.reshape(-1)
    begins = start - (first * rows + begin)
    return Gathered(turned[begins : begins + count].astype("<f4").tobytes(), bytes_read)
