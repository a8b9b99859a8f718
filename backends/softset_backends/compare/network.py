"""The models of a comparison: linear and with one hidden layer, many at once, and Adam.

Parameters of all settings stand side by side on the last axis, those of splits on the first, so
that a layer is one product of matrices for each split.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

import softset as ss

HIDDEN = 32


class Network(NamedTuple):
    """Models of some settings for each split; `hidden` of 0 is a linear one."""

    settings: int
    hidden: int

    def start(self, features: int, seeds: Sequence[int]) -> list[Any]:
        """Return first parameters, by He et al. 2015, the same for all settings of a split."""
        if not self.hidden:
            shape = (len(seeds), features, self.settings)
            return [np.zeros(shape, np.float32), np.zeros((len(seeds), 1, self.settings), "f4")]
        first, second = [], []
        for seed in seeds:
            rng = np.random.default_rng(seed)
            first.append(rng.normal(size=(features, self.hidden)) * np.sqrt(2 / features))
            second.append(rng.normal(size=(1, self.hidden)) / np.sqrt(self.hidden))
        one = [first, np.zeros((len(seeds), 1, self.hidden)), second]
        many = [np.tile(np.asarray(a, np.float32), self.settings) for a in one]
        return [*many, np.zeros((len(seeds), 1, self.settings), np.float32)]

    def __call__(self, params: Sequence[Any], x: Any) -> Any:
        """Return logits (splits, settings, rows) of x (splits, rows, features)."""
        xp = ss.array_namespace(x)
        if not self.hidden:
            return xp.permute_dims(x @ params[0] + params[1], (0, 2, 1))
        return xp.permute_dims(self._out(xp, params, self._hidden(xp, params, x)), (0, 2, 1))

    def _hidden(self, xp: Any, params: Sequence[Any], x: Any) -> Any:
        sums = x @ params[0] + params[1]
        return xp.where(sums > 0, sums, xp.zeros_like(sums))

    def _out(self, xp: Any, params: Sequence[Any], hidden: Any) -> Any:
        parts = xp.reshape(hidden * params[2], (*hidden.shape[:2], self.settings, self.hidden))
        return xp.sum(parts, axis=-1) + params[3]

    def backward(self, params: Sequence[Any], x: Any, slopes: Any) -> list[Any]:
        """Return the gradients of NumPy parameters from those of logits."""
        back, across = np.swapaxes(slopes, 1, 2), np.swapaxes(x, 1, 2)
        bias = back.sum(axis=1, keepdims=True)
        if not self.hidden:
            return [across @ back, bias]
        hidden = self._hidden(np, params, x)
        wide = np.repeat(back, self.hidden, axis=-1)
        inner = wide * params[2] * (hidden > 0)
        sums = [(a.sum(axis=1, keepdims=True)) for a in (inner, wide * hidden)]
        return [across @ inner, *sums, bias]

    def rates(self, rates: Any) -> list[Any]:
        """Return the learning rate of every parameter's last axis, from one for each setting."""
        each = np.asarray(rates, np.float32)
        return [np.repeat(each, self.hidden)] * 3 + [each] if self.hidden else [each] * 2

    def member(self, params: Sequence[Any], split: int, setting: int) -> list[Any]:
        """Return a copy of one model's parameters."""
        width = max(self.hidden, 1)
        own = slice(setting * width, (setting + 1) * width)
        *inner, bias = (np.array(p[split : split + 1]) for p in params)
        return [a[..., own].copy() for a in inner] + [bias[..., setting : setting + 1]]


def adam(state: Sequence[Any], slopes: Sequence[Any], rates: Sequence[Any]) -> list[Any]:
    """Return parameters, means, squares and shares of what is past after one update.

    Kingma and Ba 2015, algorithm 1, written with operators alone for arrays of any library.
    """
    params, means, squares, past = state
    first, second = past[0] * 0.9, past[1] * 0.999
    means = [0.9 * m + 0.1 * g for m, g in zip(means, slopes, strict=True)]
    squares = [0.999 * v + 0.001 * g * g for v, g in zip(squares, slopes, strict=True)]
    params = [
        p - rate * (m / (1 - first)) / ((v / (1 - second)) ** 0.5 + 1e-8)
        for p, m, v, rate in zip(params, means, squares, rates, strict=True)
    ]
    return [params, means, squares, [first, second]]


def begin(params: Sequence[Any]) -> list[Any]:
    """Return the state before the first update of `adam`."""
    zeros = [np.zeros_like(p) for p in params]
    return [list(params), zeros, [z.copy() for z in zeros], [np.ones(1, np.float32)] * 2]
