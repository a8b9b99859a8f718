"""The four sums of products in one loop over the data, where XLA compiles.

XLA takes one loop for each sum. One reduction of four operands is one loop, as `_arrays.strips`
lays them out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..strips import LANES, PAIRS, ROWS, lanes_of
from .dtypes import Tensor, float64, tf
from .rows import first_of, lengths, product, spread

try:  # none of this is public; without it sums are taken one by one, in XLA too
    from tensorflow.compiler.tf2xla.ops import gen_xla_ops
    from tensorflow.python.ops import control_flow_util
except ImportError:  # pragma: no cover
    gen_xla_ops = control_flow_util = None

_ops: Any = gen_xla_ops
_contexts: Any = control_flow_util

_FEW = 2**13  # up to so many numbers XLA's own sums take no longer


def in_xla() -> bool:
    """Tell whether XLA compiles the graph that is being made, and can be told how to sum."""
    if _contexts is None:  # pragma: no cover
        return False
    return _contexts.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def suits(arrays: tuple[Any, ...], axes: tuple[int, ...]) -> bool:
    """Tell whether one loop is faster, and can be."""
    shape, dtype = arrays[0].shape, arrays[0].dtype
    for x in arrays:
        if not isinstance(x, Tensor) or x.dtype != dtype or x.shape.as_list() != shape.as_list():
            return False
    if not axes or None in shape[axes[-1] + 1 :].as_list():
        return False
    number = shape.num_elements()
    if number is not None and number <= _FEW:
        return False
    strip = shape[first_of(axes, axes[-1] + 1) :].num_elements()
    return strip is None or strip >= ROWS * LANES  # shorter ones would be filled up with zeros


def sums(axes: tuple[int, ...], *arrays: Any) -> Any:
    """Return the sums over the axes of the products of two arrays with each of two others."""

    @tf.custom_gradient
    def of_arrays(*arrays: Any) -> Any:
        def backward(*slopes: Any) -> list[Any]:
            found: list[list[Any]] = [[], [], [], []]
            for (i, j), slope in zip(PAIRS, slopes, strict=True):
                wide = spread(slope, axes, arrays[i])
                found[i].append(wide * arrays[j])
                found[j].append(wide * arrays[i])
            return [first + second for first, second in found]

        return _summed(axes, arrays), backward

    return of_arrays(*arrays)


def _summed(axes: tuple[int, ...], arrays: tuple[Any, ...]) -> list[Any]:
    shape, dtype, stop = lengths(arrays[0]), arrays[0].dtype, axes[-1] + 1
    start = first_of(axes, stop)
    before, length, behind = shape[:start], product(shape[start:stop]), product(shape[stop:])
    lanes = lanes_of(length, behind)
    missing = -length % (ROWS * lanes)
    blocks = (length + missing) // (ROWS * lanes)

    def in_strips(x: Any) -> Any:
        x = tf.reshape(x, [*before, length, behind])
        if not (type(missing) is int and missing == 0):
            x = tf.pad(x, [*[(0, 0)] * start, (0, missing), (0, 0)])
        return tf.reshape(x, [*before, blocks, ROWS, lanes * behind])

    products = [in_strips(arrays[i] * arrays[j]) for i, j in PAIRS]
    zeros = [tf.zeros((), dtype)] * len(PAIRS)
    found: Any = _ops.xla_variadic_reduce_v2(products, zeros, [start + 1], _added(dtype))
    kept = [n for i, n in enumerate(shape) if i not in axes]
    others = [i for i in axes if i < start]
    return [tf.reshape(_all_of(x, before, blocks, behind, others), kept) for x in found]


def _all_of(x: Any, before: list[Any], blocks: Any, behind: int, others: list[int]) -> Any:
    """Sum what is left: of one column lanes as they are, and all else in float64."""
    dtype, start = x.dtype, len(before)
    if behind == 1:
        x = tf.reduce_sum(x, -1)
        return tf.cast(tf.reduce_sum(tf.cast(x, float64), [*others, start]), dtype)
    rows = tf.reshape(x, [*before, -1, behind])
    return tf.cast(tf.reduce_sum(tf.cast(rows, float64), [*others, start]), dtype)


@lru_cache
def _added(dtype: Any) -> Any:
    """Return what adds four numbers to four others, as a function of a graph."""

    def added(*numbers: Any) -> list[Any]:
        half = len(numbers) // 2
        return [a + b for a, b in zip(numbers[:half], numbers[half:], strict=True)]

    like = [tf.TensorSpec((), dtype)] * (2 * len(PAIRS))
    with tf.init_scope():
        return tf.function(added, autograph=False).get_concrete_function(*like)
