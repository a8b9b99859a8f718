"""The array-API functions that softset uses, on TensorFlow operations: the package is a namespace.

They do what https://data-apis.org/array-api/2024.12 says, eagerly, in tf.function with unknown
lengths and under XLA, and patch nothing. A Python number takes the dtype of the array beside it;
alone it becomes float32 or int64.
"""

# ruff: noqa: F401  (what is imported is the namespace)

from __future__ import annotations

from math import e, inf, nan, pi
from typing import Any

from .bits import (
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
)
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
    atan2,
    clip,
    copysign,
    divide,
    equal,
    floor_divide,
    greater,
    greater_equal,
    hypot,
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
    remainder,
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
    count_nonzero,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    var,
)
from .running import cumulative_prod, cumulative_sum, diff
from .shapes import (
    broadcast_arrays,
    broadcast_to,
    concat,
    expand_dims,
    flip,
    matrix_transpose,
    meshgrid,
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
    tril,
    triu,
    unstack,
)
from .sorting import (
    argmax,
    argmin,
    argsort,
    searchsorted,
    sort,
)

__array_api_version__ = "2024.12"
newaxis = None


def __getattr__(name: str) -> Any:
    only = "softset's TensorFlow namespace has only the functions listed in _arrays/tensorflow"
    raise AttributeError(f"{only}, and {name!r} is not one of them")
