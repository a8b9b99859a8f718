"""PyTorch: tensors that nobody follows, tensors that autograd follows, and traced ones."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import array_api_compat.torch as xp
import numpy as np
import torch
from torch.autograd import forward_ad

from .. import numpy
from ..library import NUMBERS, Backward, Both, Counts, Library, Operator, Variables
from ..refusals import not_dense, refusal
from ..values import checking
from . import compiled, stretches
from .closed_form import in_numpy, in_two_passes, is_alone
from .lent import Lent, has_vectors, softmax_slope

# Tensors of a class of their own that mean what they hold: parameters, what compilers trace
# with, results on their way from another process.
_PLAIN = (
    "torch.nn.parameter",
    "torch._subclasses",
    "torch.distributed._functional_collectives",
)
# And tensors that hold another one: torchvision's images and masks, MONAI's with their metadata.
_AROUND = ("torchvision.tv_tensors", "monai.data.meta_tensor")
_SHORT: list[int] = []  # `_length_of_dots`, once it is known
_OWN = (torch.Tensor, torch.nn.Parameter)
_FEW_PLACES = 2**8
_FEW_ROWS = 20  # up to so many places NumPy's products are faster than adding rows up at them
_NOTHING = np.zeros(0, np.int8)
# Whole numbers of their length, and the bits of 1 and of the largest number.
_BITS: dict[Any, Any] = {
    torch.float32: (torch.int32, 0x3F800000, 0x7F7FFFFF),
    torch.float64: (torch.int64, 0x3FF0000000000000, 0x7FEFFFFFFFFFFFFF),
}
_SMALL = 2**15  # up to so many numbers PyTorch uses one thread
# Whose exponentials are normal numbers, as are 1 / (1 + exp(x)): others may be taken for 0.
_LARGEST = {torch.float32: 87.33, torch.float64: 708.39}
_HALF = (torch.float16, torch.bfloat16)
# The unsigned integers that are not compared, and what holds their values, or nearly.
_COMPARED = {
    torch.uint16: torch.int32,
    torch.uint32: torch.int64,
    torch.uint64: torch.float64,
}


class Torch(Library):
    """PyTorch's tensors, on the terms of one call."""

    moveaxis = "torch.moveaxis"
    sums_stand_still = False  # they are cascades, whatever the axes

    def __init__(
        self,
        *,
        free: bool = False,
        in_memory: bool = False,
        reads: bool = False,
        visible: bool = True,
        has_float64: bool = True,
        can_search: bool = True,
    ) -> None:
        super().__init__(xp)
        self.free = self.three_sums = free
        self.in_memory = self.in_pieces = in_memory
        self.lends = free and in_memory
        # Threads of a GPU wait for each other to add to one place, and compilers write a loop.
        self.few_groups = 0 if in_memory else 16
        self.reads = reads
        self.visible = visible
        self.has_float64 = has_float64
        self.can_search = can_search

    def of(self, names: tuple[str, ...], arrays: tuple[Any, ...]) -> Library:
        """Return the terms of these tensors, refusing those that hold less than their shape."""
        free, ours, device, following = True, True, "cpu", torch.is_grad_enabled()
        for i, x in enumerate(arrays):
            if x is None or type(x) in NUMBERS:
                continue
            if x.is_nested:
                raise not_dense(names[i], "nested")
            if x.layout is not torch.strided:
                raise not_dense(names[i], str(x.layout).removeprefix("torch."))
            if not x.is_cpu:
                device = x.device.type
            if type(x) not in _OWN:
                ours = False  # a tensor that a compiler or a test traces with, say
            elif type(x) is not torch.Tensor or (following and x.requires_grad):
                free = False
        if torch.compiler.is_compiling() or torch.jit.is_tracing() or device == "meta":
            if torch.compiler.is_exporting() and torch.onnx.is_in_onnx_export():
                return TO_ONNX
            return TRACED if device != "mps" else TRACED_SINGLE
        if device == "mps":
            return SINGLE
        if not ours or torch._C._are_functorch_transforms_active():
            return ELSEWHERE
        if forward_ad._current_level >= 0:
            return ELSEWHERE
        if device == "cpu":
            return FREE if free else FOLLOWED
        # The checks wait for a GPU, and so may all else.
        if device != "cuda" or not checking() or torch.cuda.is_current_stream_capturing():
            return ELSEWHERE
        return ON_GPU if free else FOLLOWED_ON_GPU

    @property
    def plain(self) -> Library:
        """The terms of constants: nobody follows them."""
        return {FOLLOWED: FREE, FOLLOWED_ON_GPU: ON_GPU}.get(self, self)

    @property
    def threads(self) -> int:
        """How many threads share an operation."""
        return torch.get_num_threads()

    def is_real(self, dtype: Any) -> bool:
        """Tell whether a dtype is real floating-point."""
        return dtype.is_floating_point

    def is_bool(self, dtype: Any) -> bool:
        """Tell whether a dtype is boolean."""
        return dtype is torch.bool

    def counted_in(self, x: Any) -> Any:
        """Return scores in the dtype that is counted in: float32 for the half types."""
        return x.float() if x.dtype in _HALF else x

    def cast(self, x: Any, dtype: Any) -> Any:
        """Return x in the dtype, without a copy where it has it; bytes in a tenth of the time."""
        if self.in_memory and x.dtype is torch.bool and x.numel() > _SMALL:
            x = x.view(torch.uint8).clamp_max(1)  # a view of other bytes holds more than 1
        return x.to(dtype)

    def numbers(self, value: Any, like: Any) -> Any:
        """Return a number, or a tuple of them, as a tensor of the dtype and device of `like`."""
        return torch.asarray(value, dtype=like.dtype, device=like.device)

    def items(self, arrays: tuple[Any, ...]) -> tuple[float, ...] | None:
        """Return arrays of one element as numbers, where nothing follows them."""
        return tuple([x.item() for x in arrays]) if self.free else None

    def copy(self, x: Any) -> Any:
        """Return a tensor as it is now."""
        return x.detach().clone() if isinstance(x, torch.Tensor) else x

    def constant(self, x: Any) -> Any:
        """Return x as a constant that no gradient flows through."""
        return x.detach() if isinstance(x, torch.Tensor) else x

    def sum(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Sum over the axes, over all of them in half the time."""
        if self._adds_up_wide(x):
            return compiled.total(x, axes)
        return x.sum() if len(axes) == x.ndim else xp.sum(x, axis=axes)

    def products(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Sum x * y over the axes."""
        if self._adds_up_wide(x):
            return self.sum(x * y, axes)
        if len(axes) < x.ndim:
            return xp.sum(x * y, axis=axes)
        if self.in_memory and x.ndim == 1 and x.shape == y.shape and x.dtype is y.dtype:
            if not _SHORT:
                _SHORT.append(_length_of_dots())
            if x.numel() <= _SHORT[0]:
                return torch.dot(x, y)
        return (x * y).sum()

    def joins(self, x: Any) -> bool:
        """Tell whether axes are to be one: for pieces of one length, and inductor's vectors.

        It finds none in strips of several axes.
        """
        return self.free or (not self.visible and not torch.compiler.is_exporting())

    def joined(self, x: Any, shape: tuple[int, ...]) -> Any:
        """Return x in a shape of fewer axes, or None where that takes a copy."""
        return x.view(shape) if x.is_contiguous() else None

    def total(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Return the sum over the axes in float64, as NumPy's and of all as a number."""
        if self.in_memory:
            return stretches.total(x, axes)
        found = xp.sum(x, axis=axes, dtype=torch.promote_types(x.dtype, torch.float64))
        return found.cpu().numpy() if len(axes) < x.ndim else found.item()

    def dot(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return the sum of x * y as `total` does."""
        return stretches.dot(x, y, axes) if self.in_memory else super().dot(x, y, axes)

    def sums(self, x: Any, y: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
        """Return the sums of x * y, of x and of y as `total` does, with one wait for a GPU."""
        if self.in_memory:
            return super().sums(x, y, axes)
        found = torch.stack([xp.sum(z, axis=axes, dtype=torch.float64) for z in (x * y, x, y)])
        one, two, three = found.tolist() if found.ndim == 1 else found.cpu().numpy()
        return one, two, three

    def sums_of_shares(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return the sums with one look at each, in memory in pieces."""
        if not self.in_memory or x.dtype not in _BITS or x.is_neg() or y.is_neg():
            return super().sums_of_shares(x, y, axes)
        return stretches.sums_of_shares(x, y, axes)

    def sums_with_less(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return the sums, in memory in pieces."""
        if not self.in_memory or x.dtype not in _BITS or x.is_neg() or y.is_neg():
            return super().sums_with_less(x, y, axes)
        return stretches.sums_with_less(x, y, axes)

    def sums_of_logits(self, x: Any, y: Any, axes: tuple[int, ...], *, keep: bool) -> Any:
        """Return the sums and the slopes, in memory in pieces."""
        if not self.in_memory or x.dtype is not torch.float32 or x.is_neg() or y.is_neg():
            return None
        return stretches.sums_of_logits(x.detach(), y.detach(), axes, keep)

    def sums_of_logits_with_less(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return the sums in pieces."""
        return stretches.sums_of_logits_with_less(x.detach(), y.detach(), axes)

    def any_less(self, x: Any, bound: Any) -> bool:
        """Tell whether a sum that `total` returned is less than a bound."""
        return x < bound if type(x) is float else bool((x < bound).any())

    def zeros_for(self, shape: tuple[int, ...], like: Any) -> Any:
        """Return zeros for counts to be added to, as NumPy's where they are."""
        if isinstance(like, torch.Tensor):
            return super().zeros_for(shape, like)
        return np.zeros(shape, like.dtype)

    def number(self, value: Any, like: Any) -> Any:
        """Return a number as a tensor, and sums in the dtype of `like`."""
        if isinstance(value, torch.Tensor):
            return value.to(like.dtype)
        return self.numbers(value, like)

    def nearby(self, sums: tuple[Any, ...], like: Any) -> tuple[Any, ...]:
        """Return sums where arithmetic with few is fast: in memory, as NumPy's."""
        if not self.free:
            return sums
        if isinstance(sums[0], torch.Tensor):
            sums = tuple(torch.stack(sums).cpu().numpy())
        dtype = np.dtype(str(like.dtype).removeprefix("torch."))
        return tuple([np.asarray(x, dtype) for x in sums])

    def back(self, value: Any, slopes: tuple[Any, ...], like: Any) -> tuple[Any, tuple[Any, ...]]:
        """Return what was made of `nearby` sums to where `like` is."""
        if not self.free:
            return value, slopes
        sent = torch.from_numpy(np.stack(slopes)).to(like.device)
        return self.numbers(value, like), tuple(sent)

    def _adds_up_wide(self, x: Any) -> bool:
        # What inductor writes for processors are running sums of thousands.
        return not self.visible and self.has_float64 and x.dtype is torch.float32

    def running(self, x: Any) -> Any:
        """Return the running sums; array-api-compat looks its namespace up, and compilers warn."""
        return x.cumsum(-1, dtype=x.dtype)

    def scatter(self, x: Any, place: Any, size: int) -> Any:
        """Add each element of x up at its place."""
        # PyTorch 2.7 takes no shorter integers.
        return x.new_zeros(size).scatter_add(0, place.to(torch.int64), x)

    def add_rows(self, x: Any, place: Any, size: int) -> Any:
        """Add each row of x up at its place, at few as NumPy does where tensors are free."""
        if size < _FEW_ROWS and self.in_memory and self.free and _shares_memory(x):
            return torch.from_numpy(numpy.FREE.add_rows(_view(x), _view(place), size))
        if not x.is_cpu and size <= _FEW_PLACES:  # additions to few places wait for each other
            return super().add_rows(x, place, size)
        k, _, m = x.shape
        if k > 1:
            place = place + size * torch.arange(k, device=place.device)[:, None]
        rows = self.wide(x).reshape(-1, m)
        found = rows.new_zeros((k * size, m)).index_add(0, place.reshape(-1), rows)
        found = found.reshape(k, size, m)
        return found if self.free else found.to(x.dtype)

    def outer_sums(self, x: Any, y: Any) -> Any:
        """Sum the outer products of the rows of x and y."""
        if self.in_memory and self.free and _shares_memory(x, y):
            return torch.from_numpy(numpy.FREE.outer_sums(_view(x), _view(y)))
        return super().outer_sums(x, y)

    def look_up(self, table: Any, place: Any) -> Any:
        """Return the entries at places; array-api-compat's counts from the end too, and looks."""
        return table.index_select(0, place)

    def place_of_largest(self, x: Any, axis: int) -> Any:
        """Return the place that comes with the largest number, sooner than argmax does on CPUs."""
        if not self.free:
            return super().place_of_largest(x, axis)
        return torch.max(self.constant(x), dim=axis, keepdim=True).indices

    def softmax(self, x: Any, axis: int) -> Any:
        """Return exp(x), divided by its sum along an axis, in one operation."""
        if not (self.free and has_vectors(x, axis)):
            return super().softmax(x, axis)
        return torch.softmax(x, axis)

    def softmax_slope(self, shares: Any, slope: Any, axis: int) -> Any:
        """Return the gradient through `softmax`, in one operation."""
        if not (self.free and has_vectors(shares, axis)):
            return super().softmax_slope(shares, slope, axis)
        return softmax_slope(shares, slope, axis)

    def in_order(self, x: Any, *others: Any) -> list[Any]:
        """Sort in the memory of x as NumPy does, which takes a tenth of the time."""
        if not (self.in_memory and self.free and _shares_memory(x, *others)):
            return super().in_order(x, *others)
        arrays = [y.detach().numpy() for y in (x, *others)]
        return [torch.from_numpy(y) for y in _AS_NUMPY.in_order(*arrays)]

    def firsts(self, x: Any) -> Any:
        """Return the place of the first equal element, as NumPy does."""
        if not (self.in_memory and self.free and _shares_memory(x)):
            return super().firsts(x)
        return torch.from_numpy(numpy.FREE.firsts(x.detach().numpy()))

    def less(self, x: Any) -> Any:
        """Return 1 - x, past the Python that the operator takes."""
        return torch.rsub(x, 1)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """Return x where the condition holds, else y.

        Where all of it is in memory and y is what counts as a rule, autograd follows y alone.
        """
        if self.in_memory and condition.ndim == 0 and type(x) in NUMBERS and not condition.item():
            return y
        return torch.where(condition, x, y)

    def logistic(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x)); the slope of PyTorch's own is 0 from logits of 17 on."""
        return torch.sigmoid(x) if self.free else super().logistic(x)

    def logistics(self, x: Any) -> tuple[Any, Any]:
        """Return 1 / (1 + exp(-x)) and 1 / (1 + exp(x)): powers, and none too large."""
        if not self.free:
            return super().logistics(x)
        if not (self.in_memory and x.dtype in _LARGEST):
            return torch.sigmoid(x), torch.sigmoid(-x)
        power = torch.clamp_max(x, _LARGEST[x.dtype]).exp_()
        lack = torch.add(power, 1).reciprocal_()
        return power.mul_(lack), lack

    def logistic_and_slope(self, x: Any) -> tuple[Any, Any]:
        """Return 1 / (1 + exp(-x)) and its slope, by two operations."""
        if not self.free:
            return super().logistic_and_slope(x)
        score = torch.sigmoid(x)
        return score, stretches.sigmoid_slope(score, x)

    def softplus_tail(self, x: Any) -> Any:
        """Return log(1 + exp(-|x|))."""
        if not self.free:
            return super().softplus_tail(x)
        return torch.nn.functional.logsigmoid(x.abs()).neg_()

    def clipped(self, x: Any, *, alone: bool = False) -> Any:
        """Return numbers outside [0, 1] as 0 or 1, and NaN as it is."""
        if not self.can_search:  # ONNX's optimiser loses the bounds of two clips of one tensor
            return super().clipped(x)
        if not (alone and x.requires_grad and torch.compiler.is_compiling()):
            return x.clamp(0, 1)
        # A compiler would keep that as booleans, and reads them ten times as slowly as it finds
        # these numbers again. What they multiply is 0, also for an infinite x.
        value, finite = x.detach().clamp(0, 1), x.clamp(-1, 2)
        inside = 1 - (x.detach() - value).sign().abs()
        return value + inside * (finite - finite.detach())

    def inside(self, x: Any) -> Any:
        """Return 1 where `clipped` keeps a number, else 0."""
        if self.visible:
            return super().inside(x)
        # A compiler would keep booleans from one pass to the next, and reads them ten times as
        # slowly as it finds these numbers again.
        return 1 - (x - x.clamp(0, 1)).sign().abs()

    def below(self, x: Any, bound: Any) -> Any:
        """Return 1 where x < bound, else 0."""
        return self._compared(torch.lt, x, bound) if self.free else super().below(x, bound)

    def above(self, x: Any, bound: Any) -> Any:
        """Return 1 where x > bound, else 0."""
        return self._compared(torch.gt, x, bound) if self.free else super().above(x, bound)

    def within(self, x: Any, low: float, high: float, inside: float, outside: float) -> Any:
        """Return one number where low <= x <= high, else another: `hardtanh` on its way back.

        It lets a slope through between its bounds, not at them.
        """
        if not self.free or x.dtype not in _BITS:
            return super().within(x, low, high, inside, outside)
        of = np.float32 if x.dtype is torch.float32 else np.float64
        below, above = np.nextafter(of(low), of(-math.inf)), np.nextafter(of(high), of(math.inf))
        slope = self.numbers(inside, x).expand(x.shape)
        found = torch.ops.aten.hardtanh_backward(slope, x, below.item(), above.item())
        return self.larger(found, self.numbers(outside, x)) if outside else found

    def _compared(self, compare: Any, x: Any, bound: Any) -> Any:
        # To its own dtype it compares five times as fast as to a boolean.
        shape = torch.broadcast_shapes(x.shape, getattr(bound, "shape", ()))
        return compare(x, bound, out=x.new_empty(shape))

    def in_place(self, *arrays: Any) -> tuple[Operator, Operator]:
        """Return + and *, which write to their left operand where tensors are free."""
        dtype = arrays[0].dtype
        if not (self.free and dtype.is_floating_point):
            return operator.add, operator.mul
        for x in arrays[1:]:
            if type(x) not in NUMBERS and x.dtype is not dtype:
                return operator.add, operator.mul
        return operator.iadd, operator.imul

    def chosen(self, y: Any, positive: Any, negative: Any, room: Any = None) -> Any:
        """Return y * positive + (1 - y) * negative, for shares y.

        What is added is the smaller number, so that both keep their digits.
        """
        if not self.free or type(positive) is not type(negative):
            if torch.compiler.is_dynamo_compiling():
                positive, negative = compiled.written(positive), compiled.written(negative)
            return y * positive + (1 - y) * negative
        if type(positive) is not float:
            if bool((negative.abs() > positive.abs()).any()):
                return y * positive + (1 - y) * negative
            return torch.mul(y, positive - negative, out=room).add_(negative)
        if abs(negative) > abs(positive):
            y, positive, negative = torch.rsub(y, 1), negative, positive
        return torch.add(self.numbers(negative, y), y, alpha=positive - negative, out=room)

    def larger(self, x: Any, y: Any) -> Any:
        """Return the larger of each pair, in the memory of x."""
        return torch.maximum(x, y, out=x)

    def smaller(self, x: Any, y: Any) -> Any:
        """Return the smaller of each pair, in the memory of x."""
        return torch.minimum(x, y, out=x)

    def look(self, x: Any) -> Any:
        """Return the values of x, of the large unsigned integers in a dtype that compares."""
        dtype = _COMPARED.get(x.dtype)
        return x.detach() if dtype is None else x.detach().to(dtype)

    def signed(self, x: Any) -> Any:
        """Return integers in a dtype that compares; of the largest ones negative numbers come."""
        return x.to(torch.int64) if x.dtype in _COMPARED else x

    def are_shares(self, x: Any) -> bool:
        """Tell whether all of x is in [0, 1], in memory by its bits as NumPy does."""
        if self.in_memory:
            return _by_bits(numpy.LIBRARY.are_shares, x, 1)
        return self._lies(x, 0, 1)

    def are_weights(self, x: Any) -> bool:
        """Tell whether all of x is finite and not negative."""
        if self.in_memory:
            return _by_bits(numpy.LIBRARY.are_weights, x, 2)
        return self._lies(x, 0, sys.float_info.max)

    def are_finite(self, x: Any) -> bool:
        """Tell whether all of x is finite: it is where a sum is, which may be too large."""
        if not self.in_memory:
            return self._lies(x, -sys.float_info.max, sys.float_info.max)
        if x.dtype in _BITS and x.numel() > _SMALL:
            return math.isfinite(x.sum().item())
        return numpy.LIBRARY.are_finite(_in_numpy(x))

    def _lies(self, x: Any, low: float, high: float) -> bool:
        if not self.reads or not x.numel() or not x.dtype.is_floating_point:
            return False
        least, largest = torch.stack(torch.aminmax(x.detach())).tolist()
        return low <= least and largest <= high

    def extremes(self, x: Any) -> tuple[Any, Any]:
        """Return the smallest and the largest value of x, or x itself where they are hidden."""
        x = self.look(x)
        if 0 in x.shape or x.device.type not in ("cpu", "cuda"):
            return x, x
        low, high = torch.aminmax(x)
        try:
            return (low, high) if x.is_cuda else (low.item(), high.item())
        except RuntimeError:  # what vmap raises
            return x, x

    def version(self, x: Any) -> int:
        """Return a number that changes when x is written to."""
        return 0 if type(x) in NUMBERS or x.is_inference() else x._version

    def is_followed(self, x: Any) -> bool:
        """Tell whether a gradient in x may be wanted."""
        return x.requires_grad

    def has_parameters(self, function: Callable[[Any], Any], like: Any, *, ours: bool) -> bool:
        """Tell whether what a function makes of a tensor has a gradient in something else."""
        found = function(like.detach()[:1])
        return isinstance(found, torch.Tensor) and found.requires_grad

    def is_alone(self, x: Any, others: tuple[Any, ...]) -> bool:
        """Tell whether the scores are all that autograd follows, eagerly."""
        if not self.visible or forward_ad._current_level >= 0:
            return False
        return not torch._C._are_functorch_transforms_active() and is_alone(x, others)

    def in_two_passes(
        self,
        first: Callable[..., tuple[Any, Any]],
        second: Callable[..., Any],
        again: Callable[..., Any],
        *inputs: Any,
        threads: int,
    ) -> Any:
        """Return what `first` makes of the inputs, with `second` as its backward pass."""
        return in_two_passes(first, second, again, inputs, threads, _AS_NUMPY)

    def quicker(self, function: Callable[..., Any], arrays: tuple[Any, ...]) -> Any:
        """Return what a function makes of NumPy's arrays of the same memory."""
        return in_numpy(partial(function, _AS_NUMPY), arrays)

    def with_gradients(self, both: Both, *arrays: Any, otherwise: Callable[[], Any]) -> Any:
        """Return a value with its gradients, by an autograd.Function."""
        forward_mode = forward_ad._current_level >= 0
        if not self.visible or forward_mode or torch._C._are_functorch_transforms_active():
            return otherwise()
        if not (torch.is_grad_enabled() and any(x.requires_grad for x in arrays)):
            return both(*(x.detach() for x in arrays))[0]

        class Closed(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *inputs: Any) -> Any:
                ctx.save_for_backward(*inputs)
                value, ctx.gradients = both(*(x.detach() for x in inputs))
                return value

            @staticmethod
            def backward(ctx: Any, slope: Any) -> Any:
                again = torch.is_grad_enabled()
                found = both(*ctx.saved_tensors)[1] if again else ctx.gradients
                return tuple(None if x is None else slope * x for x in found)

        return Closed.apply(*arrays)

    def with_backward(self, counts: Counts, backward: Backward, *arrays: Any) -> tuple[Any, ...]:
        """Return counts with the gradient that is given, where Dynamo reads the call."""
        if torch.compiler.is_exporting() or not torch.compiler.is_dynamo_compiling():
            return counts(*arrays)
        if not torch.is_grad_enabled():
            return counts(*arrays)
        if forward_ad._current_level >= 0 or torch._C._are_functorch_transforms_active():
            return counts(*arrays)
        first, *others = [x.requires_grad for x in arrays]
        if not first or any(others):
            return counts(*arrays)
        return compiled.Closed.apply(counts, backward, *arrays)


FREE = Torch(free=True, in_memory=True, reads=True)
FOLLOWED = Torch(in_memory=True, reads=True)
ON_GPU = Torch(free=True, reads=True)
FOLLOWED_ON_GPU = Torch(reads=True)
ELSEWHERE = LIBRARY = Torch()  # on another device, or within a transform
SINGLE = Torch(has_float64=False)  # Apple's GPUs
TRACED = Torch(visible=False)
TRACED_SINGLE = Torch(visible=False, has_float64=False)
TO_ONNX = Torch(visible=False, can_search=False)
VARIABLES = Variables(xp)
_AS_NUMPY = Lent(free=True)
_AS_NUMPY.moveaxis = Torch.moveaxis  # what errors are to name


def _in_numpy(x: Any) -> Any:
    """Return a tensor in memory as an array of NumPy's; what NumPy lacks, as nothing it knows."""
    if x.dtype not in (torch.float32, torch.float64) or x.is_neg():
        return _NOTHING
    return x.detach().numpy()


def _by_bits(in_numpy: Callable[[Any], bool], x: Any, most: int) -> bool:
    """Look at bits as NumPy does, with all threads where there are several."""
    alone = x.numel() <= _SMALL or torch.get_num_threads() == 1
    if alone or x.dtype not in _BITS or x.is_neg():
        return in_numpy(_in_numpy(x))
    low, high = torch.aminmax(x.detach().view(_BITS[x.dtype][0]))
    return low.item() >= 0 and high.item() <= _BITS[x.dtype][most]


def _view(x: Any) -> Any:
    return x.detach().numpy()


def _shares_memory(*tensors: Any) -> bool:
    """Tell whether NumPy can see the memory of free tensors; it has no bfloat16."""
    return not any(x.dtype is torch.bfloat16 or x.is_neg() for x in tensors)


def _length_of_dots() -> int:
    """Return up to how many numbers a dot product rounds no more than their sum.

    So it does with 32 sums, of which each may stand still at 2**24.
    """
    ones = torch.ones(2**10, dtype=torch.float32, device="cpu")
    large = torch.cat([2.0**24 * ones[:1], ones[1:]])
    return 2**10 if torch.dot(large, ones).item() > 2**24 + 980 else 2**7


def recognises(name: str, x: Any) -> bool:
    """Tell whether x is a PyTorch tensor, refusing what means more than its values."""
    if not isinstance(x, torch.Tensor):
        return False
    if x.is_nested:
        raise not_dense(name, "nested")
    if not (type(x) is torch.Tensor or _is_of(_PLAIN, x) or _is_of(_AROUND, x)):
        raise refusal(name, x)
    return True


def wraps(x: Any) -> bool:
    """Tell whether x is a tensor that holds another one."""
    return type(x) not in _OWN and isinstance(x, torch.Tensor) and _is_of(_AROUND, x)


def unwrap(x: Any) -> Any:
    """Return the tensor inside another one, and anything else as it is."""
    return x.as_subclass(torch.Tensor) if wraps(x) else x


def _is_of(modules: tuple[str, ...], x: Any) -> bool:
    home = type(x).__module__ + "."
    return any(home.startswith(module + ".") for module in modules)
