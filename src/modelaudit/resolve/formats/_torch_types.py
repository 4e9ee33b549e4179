"""torch's own words in a pickle: storage classes, dtypes, functions that rebuild tensors.

Read from torch/_utils.py, torch/_tensor.py and torch/serialization.py of PyTorch 2.13.
"""

from __future__ import annotations

from typing import Final

DTYPES: Final = {
    "float64": ("F64", 8), "float32": ("F32", 4), "float16": ("F16", 2), "bfloat16": ("BF16", 2),
    "int64": ("I64", 8), "int32": ("I32", 4), "int16": ("I16", 2), "int8": ("I8", 1),
    "uint64": ("U64", 8), "uint32": ("U32", 4), "uint16": ("U16", 2), "uint8": ("U8", 1),
    "bool": ("BOOL", 1), "complex64": ("C64", 8), "complex128": ("C128", 16),
    "float8_e5m2": ("F8_E5M2", 1), "float8_e5m2fnuz": ("F8_E5M2FNUZ", 1),
    "float8_e4m3fn": ("F8_E4M3", 1), "float8_e4m3fnuz": ("F8_E4M3FNUZ", 1),
    "float8_e8m0fnu": ("F8_E8M0", 1),
}  # fmt: skip
"""By the name in ``torch``: as safetensors spells it, and bytes."""

STORAGES: Final = {
    "DoubleStorage": ("F64", 8), "FloatStorage": ("F32", 4), "HalfStorage": ("F16", 2),
    "BFloat16Storage": ("BF16", 2), "LongStorage": ("I64", 8), "IntStorage": ("I32", 4),
    "ShortStorage": ("I16", 2), "CharStorage": ("I8", 1), "ByteStorage": ("U8", 1),
    "BoolStorage": ("BOOL", 1), "UntypedStorage": ("U8", 1), "ComplexFloatStorage": ("C64", 8),
    "ComplexDoubleStorage": ("C128", 16), "QInt8Storage": ("QI8", 1), "QUInt8Storage": ("QU8", 1),
    "QInt32Storage": ("QI32", 4),
}  # fmt: skip
"""The same by the name of the storage class."""

STORAGE_MODULES: Final = frozenset({"torch", "torch.cuda", "torch.storage"})

REBUILDS: Final = frozenset(
    f"torch._utils.{name}"
    for name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor")
)
"""Called with storage, offset in elements, size, stride, and more."""
REBUILD_WITH_DTYPE: Final = "torch._utils._rebuild_tensor_v3"
"""The one whose seventh argument is the dtype, over a storage of bytes."""
WRAPPERS: Final = frozenset(
    {"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"}
)
"""Called with a tensor, and more."""
REBUILD_FROM_TYPE: Final = "torch._tensor._rebuild_from_type_v2"
"""Called with a function of ``REBUILDS``, a class, and the function's arguments."""

_KNOWN: Final = frozenset(
    {
        "collections.OrderedDict",
        "torch.Size",
        "torch.device",
        "torch.per_tensor_affine",
        "torch.per_channel_affine",
        REBUILD_FROM_TYPE,
        *REBUILDS,
        *WRAPPERS,
        *(f"torch.{name}" for name in DTYPES),
        *(f"{module}.{name}" for module in STORAGE_MODULES for name in STORAGES),
        *(
            f"numpy.{core}.multiarray.{name}"
            for core in ("core", "_core")
            for name in ("scalar", "_reconstruct")
        ),
        "numpy.ndarray",
        "numpy.dtype",
        # How protocol 2 spells the bytes of a numpy scalar.
        "_codecs.encode",
    }
)


def is_known(path: str) -> bool:
    """Whether a list of tensors needs this global; any other is worth a warning.

    Classes of TorchScript live in its own ``__torch__``, which Python cannot import.
    """
    return path in _KNOWN or path.startswith(("__torch__.", "torch.jit._pickle."))
