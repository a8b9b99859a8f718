"""Why no test notices a mutant: by file and change."""

# ruff: noqa: E501 (lines of the kernel, before and after)

REASONS: dict[tuple[str, str], str] = {
    (
        "softset/_arrays/__init__.py",
        'if hasattr(loaded.get("torch"), "Tensor"): -> if hasattr(loaded.get(None), "Tensor"):',
    ): "Of PyTorch's tensors around others.",
    (
        "softset/_arrays/duals/rules.py",
        "out = operate(name, a, b) if name in OPERATORS else getattr(xp, name)(a, b) -> out = operate(name, a, b) if (name in OPERATORS) and False else getattr(xp, name)(a, b)",
    ): "NumPy's functions are its operators; other libraries' differ in the dtypes they take.",
    (
        "softset/_arrays/duals/slopes.py",
        'if "bfloat16" not in str(dtype) and not xp.isdtype(dtype, "real floating"): -> if "bfloat16" not in str(None) and not xp.isdtype(dtype, "real floating"):',
    ): "NumPy alone has no bfloat16.",
    (
        "softset/_arrays/library.py",
        "found = self.look_up(table[0, ...], xp.reshape(place, (-1,))) -> found = self.look_up(table[0, ...], xp.reshape(place, (+1,)))",
    ): "Of libraries without a way of their own: NumPy has one.",
    (
        "softset/_arrays/library.py",
        "place, table = place + first[:, None], xp.reshape(table, (1, k * size, m)) -> place, table = place + first[:, None], xp.reshape(table, None)",
    ): "Of libraries without a way of their own: NumPy has one.",
    (
        "softset/_arrays/library.py",
        'return self.xp.zeros(shape, dtype=dtype, device="cpu") -> return self.xp.zeros(shape, dtype=None, device="cpu")',
    ): "float64 is NumPy's own dtype, and no smaller one than it is wanted.",
    (
        "softset/_arrays/numpy/library.py",
        "if x.size > _SMALL and x.dtype.itemsize <= 8: -> if x.size >= _SMALL and x.dtype.itemsize <= 8:",
    ): "Both sums are as exact; this one says which is faster.",
    (
        "softset/_arrays/numpy/library.py",
        "low, high = (bits.min(), bits.max()) if bits.size else (0, 0) -> low, high = (bits.min(), bits.max()) if bits.size else (0, 1)",
    ): "Without scores there is nothing to sort.",
    (
        "softset/_arrays/numpy/library.py",
        "return np.multiply(power, lack, out=power), lack -> return np.multiply(power, lack, ), lack",
    ): "The same numbers in new memory.",
    (
        "softset/_arrays/numpy/stretches.py",
        "parts = body.reshape(-1, _SHORT * columns) @ _every(columns, x.dtype) -> parts = body.reshape(-2, _SHORT * columns) @ _every(columns, x.dtype)",
    ): "NumPy takes any negative length for the one that is left.",
    (
        "softset/_arrays/often.py",
        "calls = _calls(compiler, function, options) -> calls = _calls(function, options)",
    ): "Of JAX and TensorFlow, whose calls are counted before they are compiled.",
    (
        "softset/_arrays/shapes.py",
        "a is None or b is None or a == b for a, b in zip(shape, target, strict=True) -> a is None and b is None or a == b for a, b in zip(shape, target, strict=True)",
    ): "Of lengths that are unknown, as in TensorFlow's graphs and Dask, whose tests see it.",
    (
        "softset/_arrays/strips.py",
        "for lanes in range(least, 2 * least + 1, step): -> for lanes in range(least, 3 * least + 1, step):",
    ): "Of sums under compilers.",
    (
        "softset/_arrays/sums.py",
        "large = (2 * length) * xp.max(xp.abs(known), axis=-1, keepdims=True) -> large = (2 * length) / xp.max(xp.abs(known), axis=-1, keepdims=True)",
    ): "Of sums where there is no float64, as in JAX.",
    (
        "softset/_counting/closed_form.py",
        "if not call.lib.is_alone(call.y_prob, others): -> if not call.lib.is_alone(None, others):",
    ): "Of PyTorch's gradients, which NumPy does not have.",
    (
        "softset/_counting/closed_form.py",
        "return _in_two_passes(call, lambda lib, batch, four: (rounded(batch, four), None), _as_it_is) -> return _in_two_passes(call, lambda lib, batch, four: (rounded(batch, four), None), )",
    ): "Of PyTorch's gradients, which NumPy does not have.",
    (
        "softset/_counting/closed_form.py",
        "return call.lib.in_two_passes(first, second, again, *inputs, threads=_worth(call)) -> return call.lib.in_two_passes(second, again, *inputs, threads=_worth(call))",
    ): "Of PyTorch's gradients, which NumPy does not have.",
    (
        "softset/_counting/count.py",
        'if not getattr(step, "symmetric", False): -> if not getattr(step, "symmetric", None):',
    ): "All steps that come here have the attribute.",
    (
        "softset/_counting/count.py",
        "product = _product(batch, 1, slope) -> product = _product(batch, 2, slope)",
    ): "That the slope is a plain 1 is told by its type.",
    (
        "softset/_counting/count.py",
        "tp, fp, fn, tn = (batch.lib.xp.concat(parts, axis=-1) for parts in zip(*blocks, strict=True)) -> tp, fp, fn, tn = (batch.lib.xp.concat(parts, axis=-1) for parts in zip(*blocks, strict=None))",
    ): "All are of one length.",
    (
        "softset/_counting/count.py",
        "total = xp.zeros_like(batch.scores[..., 0]) -> total = xp.zeros_like(None)",
    ): "The sum that starts from it is cast to the dtype of the scores.",
    (
        "softset/_counting/hints.py",
        "size = 1 -> size = 2",
    ): "Both products that are compared are twice as large then.",
    (
        "softset/_counting/kinds.py",
        "return TABLE if call.kind is ConfusionTable else FOUR -> return TABLE if (call.kind is ConfusionTable) or True else FOUR",
    ): "Of PyTorch's and compilers' gradients, which NumPy does not have.",
    (
        "softset/_counting/pieces.py",
        "if not (lib.in_pieces and has_few_passes(arguments)): -> if (lib.in_pieces and has_few_passes(arguments)):",
    ): "Both ways count the same; this one says which is faster.",
    (
        "softset/_counting/quickest.py",
        "threshold=threshold, -> threshold=None,",
    ): "Of PyTorch's tensors, which are lent to NumPy.",
    (
        "softset/_counting/table.py",
        "splits = lib.free and lib.in_pieces and not rows.kept and order[0] == 0 -> splits = lib.free or lib.in_pieces and not rows.kept and order[0] == 0",
    ): "Pieces are summed to the same table; this says where they save time.",
    (
        "softset/_counting/traced.py",
        "lib, step = arguments.lib, arguments.step -> lib, step = None",
    ): "Of compilers, which NumPy does not have.",
    (
        "softset/_counting/traced.py",
        "return lib.with_backward(counts, backward, *(getattr(arguments, name) for name in names)) -> return lib.with_backward(counts, None, *(getattr(arguments, name) for name in names))",
    ): "Of compilers, which NumPy does not have.",
    (
        "softset/_evaluation.py",
        "lambda lib, batch, four: count_slopes(lib, loss, four, batch), -> lambda lib, batch, four: count_slopes(lib, loss, batch),",
    ): "Of PyTorch's gradients in closed form.",
    (
        "softset/_evaluation.py",
        "options = (loss, call.names, SEEN if checking(call.lib) else HIDDEN) -> options = (loss, call.names, SEEN if (checking(call.lib)) and False else HIDDEN)",
    ): "Of JAX's and TensorFlow's compiled calls.",
    (
        "softset/_warning.py",
        "warnings.warn(message, UserWarning, stacklevel=level) -> warnings.warn(message, None, stacklevel=level)",
    ): "Python takes none for a UserWarning.",
    (
        "softset/across/groups_left.py",
        "if is_across(metric): -> if is_across(None):",
    ): "What is across groups is told by its metric as well.",
    (
        "softset/compound.py",
        "pairs = zip(self.losses, self.groups_of_parts(groups), strict=True) -> pairs = zip(self.losses, self.groups_of_parts(groups), strict=False)",
    ): "Both are of one length.",
    (
        "softset/gradients.py",
        "found = in_one_call(_checked, loss, call) -> found = in_one_call(_checked, call)",
    ): "Of JAX's and TensorFlow's compiled calls.",
    (
        "softset/metrics/costs.py",
        "total = sum(cost * x for cost, x in zip((tp, fp, fn, tn), four, strict=True)) -> total = sum(cost * x for cost, x in zip((tp, fp, fn, tn), four, strict=False))",
    ): "Both are four.",
    (
        "softset/ranking/pairs.py",
        "of_q = of_q + xp.sum(values * some_p[:, None], axis=0) -> of_q = of_q + xp.sum(values * some_p[:, None], axis=1)",
    ): "Of gradients in weights, which the tests of PyTorch and JAX see.",
    (
        "softset/ranking/pairs.py",
        "rises = xp.take(rises, xp.argsort(order, stable=False), axis=0) -> rises = xp.take(rises, xp.argsort(order, stable=False), )",
    ): "Without an axis it takes that of an array that has one.",
    (
        "softset/ranking/pairs.py",
        "some_p = xp.take(p, rows, axis=0) -> some_p = xp.take(p, rows, axis=None)",
    ): "Without an axis it takes that of an array that has one.",
    (
        "softset/steps/__init__.py",
        "return is_ours(step) and type(step) not in (Hard, ArgMax, TopK) -> return is_ours(None) and type(step) not in (Hard, ArgMax, TopK)",
    ): "Scores that are no number are told once more, by themselves.",
    (
        "softset/steps/lines.py",
        "add, multiply = lib.in_place(y_prob, *self[:1], *self[3:6]) -> add, multiply = lib.in_place(y_prob, *self[:2], *self[3:6])",
    ): "What is looked at besides is an array of the same dtype, or a number.",
    (
        "softset/steps/lines.py",
        "if held and self.last <= 1: -> if held and self.last < 1:",
    ): "Both ways are right where the last line is the diagonal; this one says which is faster.",
    (
        "softset/thresholds/by_group.py",
        "for row, of in zip(_rows(job.order), tried, strict=True) -> for row, of in zip(_rows(job.order), tried, strict=False)",
    ): "Both are of one length.",
    (
        "softset/thresholds/by_group.py",
        "if not moved: -> if moved:",
    ): "A gap: one round of the ascent is enough for what the tests search.",
    (
        "softset/thresholds/by_group.py",
        "low = [max(0, m - 2 * step) for m, step in zip(middle, steps, strict=True)] -> low = [max(1, m - 2 * step) for m, step in zip(middle, steps, strict=True)]",
    ): "A gap: the search goes from coarse to fine, and its first cut is tried before.",
    (
        "softset/thresholds/by_group.py",
        "middle = [of[i] for of, i in zip(tried, chosen, strict=True)] -> middle = [of[i] for of, i in zip(tried, chosen, )]",
    ): "Both are of one length.",
    (
        "softset/thresholds/by_group.py",
        "places, kept = (xp.stack(list(side)) for side in zip(*found, strict=True)) -> places, kept = (xp.stack(list(side)) for side in zip(*found, ))",
    ): "All are of one length.",
    (
        "softset/thresholds/by_group.py",
        "ranked, short = _judge(job, _beside(job, c, places, g)) -> ranked, short = _judge(job, _beside(job, c, places, None))",
    ): "Noticed by test_no_cuts_within_the_bounds_are_better, which takes seconds and runs in CI.",
    (
        "softset/thresholds/cuts.py",
        "here = lib.running(xp.ones_like(x, dtype=place.dtype)) - 1 == place -> here = lib.running(xp.ones_like(x, dtype=None)) - 1 == place",
    ): "Of libraries without a sort.",
    (
        "softset/thresholds/cuts.py",
        "return xp.sum(xp.where(here, x, xp.zeros_like(x)), axis=-1, keepdims=True) -> return xp.sum(xp.where(here, None, xp.zeros_like(x)), axis=-1, keepdims=True)",
    ): "Of libraries without a sort.",
    (
        "softset/thresholds/cuts.py",
        "return xp.sum(xp.where(here, x, xp.zeros_like(x)), axis=-1, keepdims=True) -> return xp.sum(xp.where(here, x, None), axis=-1, keepdims=True)",
    ): "Of libraries without a sort.",
    (
        "softset/thresholds/cuts.py",
        "steps = lib.numbers((0, -1, 1, -2, 2, -3, 3), middle) * (epsilon / 2) -> steps = lib.numbers((0, -1, 2, -2, 2, -3, 3), middle) * (epsilon / 2)",
    ): "One neighbour of seven; where rounding needs just that one depends on the logarithm of the machine.",
}
