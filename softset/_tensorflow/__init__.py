"""The array-API functions that softset uses, on TensorFlow operations: the package is a namespace.

They do what https://data-apis.org/array-api/2024.12 says, eagerly, in tf.function with unknown
lengths and under XLA, and patch nothing. A Python number takes the dtype of the array beside it;
alone it becomes float32 or int64.
"""

# ruff: noqa: F401  (what is imported is the namespace)

from __future__ import annotations

from math import e, inf, nan, pi
from typing import Any

from .creation import (
    arange,
    asarray,
    astype,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from .dtypes import (
    bfloat16,
    bool,
    can_cast,
    complex64,
    complex128,
    finfo,
    float16,
    float32,
    float64,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    isdtype,
    result_type,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .elementwise import (
    abs,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    bitwise_invert,
    ceil,
    cos,
    cosh,
    exp,
    expm1,
    floor,
    isfinite,
    isinf,
    isnan,
    log,
    log1p,
    log2,
    log10,
    logical_not,
    negative,
    positive,
    reciprocal,
    round,
    sign,
    signbit,
    sin,
    sinh,
    sqrt,
    square,
    stop_gradient,
    tan,
    tanh,
    trunc,
)
from .pairs import (
    add,
    clip,
    divide,
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logaddexp,
    logical_and,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    nextafter,
    not_equal,
    pow,
    subtract,
    where,
)
from .products import (
    matmul,
    tensordot,
    vecdot,
)
from .reductions import (
    all,
    any,
    argmax,
    argmin,
    count_nonzero,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    var,
)
from .running import cumulative_sum
from .shapes import (
    broadcast_arrays,
    broadcast_to,
    concat,
    expand_dims,
    flip,
    matrix_transpose,
    moveaxis,
    permute_dims,
    repeat,
    reshape,
    roll,
    squeeze,
    stack,
    take,
    take_along_axis,
    tile,
    unstack,
)
from .sorting import (
    argsort,
    searchsorted,
    sort,
)

__array_api_version__ = "2024.12"
newaxis = None


def __getattr__(name: str) -> Any:
    only = "softset's TensorFlow namespace has only the functions listed in _tensorflow/__init__.py"
    raise AttributeError(f"{only}, and {name!r} is not one of them")
