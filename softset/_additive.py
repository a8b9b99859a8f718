"""How a function of labels and scores is one of counts that add up."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from ._arrays.values import checks
from ._counting.names import NAMES, Names
from ._types import Array, Reduce, reduced


class Additive:
    """A function of labels and scores by way of counts.

    It has its `arguments`, the counts of them, and the number for counts.
    """

    def __call__(
        self,
        y_true: Array,
        y_prob: Array,
        *,
        sample_weight: Array | None = None,
        where: Array | None = None,
        groups: Array | None = None,
        reduce: Reduce | None = None,
    ) -> Any:
        """Return the number; the arguments are those of `confusion`."""
        call = self.arguments(y_true, y_prob, sample_weight, where, groups)
        return self.of_arguments(call, reduce)

    def confusion(
        self,
        y_true: Array,
        y_prob: Array,
        *,
        sample_weight: Array | None = None,
        where: Array | None = None,
        groups: Array | None = None,
    ) -> Any:
        """Return the counts that the number is made of.

        Those of an area without `thresholds` are the counts of `sweep`, which do not add up.
        """
        return self.counts(self.arguments(y_true, y_prob, sample_weight, where, groups))

    def of_arguments(self, call: Any, reduce: Reduce | None = None) -> Any:
        """Return the number for what `arguments` returned."""
        if reduce is None:
            return self.of_counts(self.counts(call))
        # A batch without rows has them on other machines, which wait for its zeros.
        with checks(False) if 0 in call.y_prob.shape else nullcontext():
            c = self.counts(call)
        return self.of_counts(reduced(reduce, c))

    def arguments(
        self,
        y_true: Array,
        y_prob: Array,
        sample_weight: Array | None,
        where: Array | None,
        groups: Array | None = None,
        names: Names = NAMES,
    ) -> Any:
        """Return the arguments of a call, recognised; errors use the caller's names."""
        raise NotImplementedError

    def counts(self, call: Any) -> Any:
        """Return the counts for what `arguments` returned."""
        raise NotImplementedError

    def of_counts(self, c: Any) -> Any:
        """Return the number for given counts."""
        raise NotImplementedError
