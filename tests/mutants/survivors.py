"""Why no test notices a mutant: by file and change."""

# ruff: noqa: E501 (lines of the kernel, before and after)

REASONS: dict[tuple[str, str], str] = {
    (
        "softset/_arrays/__init__.py",
        'if hasattr(loaded.get("tensorflow"), "Variable"): -> if hasattr(loaded.get("tensorflow"), None):',
    ): "Of TensorFlow's arrays.",
    (
        "softset/_arrays/__init__.py",
        "raise mixture(first, x, second, y) -> raise mixture(first, x, second, None)",
    ): "The words of an error for two libraries at once, of which NumPy alone has one: other environments' tests read them.",
    (
        "softset/_arrays/duals/outside.py",
        "raise drops_slope(what) -> raise drops_slope(None)",
    ): "It is within a function that is made on import, which the swap does not reach; a test reads these words.",
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
        "softset/_arrays/library.py",
        "x = self.look(x) -> x = self.look(None)",
    ): "Of libraries whose extremes are not taken at once.",
    (
        "softset/_arrays/numpy/adding.py",
        "for row, one in zip(found, sums, strict=True): -> for row, one in zip(found, sums, strict=False):",
    ): "Both are three.",
    (
        "softset/_arrays/numpy/library.py",
        "if x.size > _SMALL and x.dtype.itemsize <= 8: -> if x.size >= _SMALL and x.dtype.itemsize <= 8:",
    ): "Both sums are as exact; this one says which is faster.",
    (
        "softset/_arrays/numpy/library.py",
        "low, high = (bits.min(), bits.max()) if bits.size else (0, 0) -> low, high = (bits.min(), bits.max()) if bits.size else (0, 1)",
    ): "Without scores there is nothing to sort.",
    (
        "softset/_arrays/numpy/stretches.py",
        "parts = body.reshape(-1, _SHORT * columns) @ _every(columns, x.dtype) -> parts = body.reshape(-2, _SHORT * columns) @ _every(columns, x.dtype)",
    ): "NumPy takes any negative length for the one that is left.",
    (
        "softset/_arrays/often.py",
        "calls.count += 1 -> calls.count = 1",
    ): "Of JAX and TensorFlow, whose calls are counted before they are compiled.",
    (
        "softset/_arrays/strips.py",
        "step = -(-_VECTOR // behind) -> step = +(-_VECTOR // behind)",
    ): "Of sums under compilers.",
    (
        "softset/_arrays/sums.py",
        "large = (2 * length) * xp.max(xp.abs(known), axis=-1, keepdims=True) -> large = (2 * length) / xp.max(xp.abs(known), axis=-1, keepdims=True)",
    ): "Of sums where there is no float64, as in JAX.",
    (
        "softset/_arrays/values.py",
        "return seen is True -> return seen is False",
    ): "Values that are taken for hidden are clipped once more, which changes none that is in [0, 1].",
    (
        "softset/_counting/closed_form.py",
        "number, slopes = found(again.lib, passed.batch, four) -> number, slopes = found(again.lib, None, four)",
    ): "Of PyTorch's and compilers' gradients, which NumPy does not have.",
    (
        "softset/_counting/closed_form.py",
        "return _in_two_passes(call, value_and_slopes, value_of) -> return _in_two_passes(call, value_of)",
    ): "Of PyTorch's and compilers' gradients, which NumPy does not have.",
    (
        "softset/_counting/count.py",
        'if not getattr(step, "symmetric", False): -> if not getattr(step, "symmetric", True):',
    ): "All steps that come here have the attribute.",
    (
        "softset/_counting/count.py",
        "product = _product(batch, 1, slope) -> product = _product(batch, 2, slope)",
    ): "That the slope is a plain 1 is told by its type.",
    (
        "softset/_counting/count.py",
        "total = xp.zeros_like(batch.scores[..., 0]) -> total = xp.zeros_like(None)",
    ): "The sum that starts from it is cast to the dtype of the scores.",
    (
        "softset/_counting/count.py",
        "tp, fp, fn, tn = (batch.lib.xp.concat(parts, axis=-1) for parts in zip(*blocks, strict=True)) -> tp, fp, fn, tn = (batch.lib.xp.concat(parts, axis=-1) for parts in zip(*blocks, strict=None))",
    ): "All are of one length.",
    (
        "softset/_counting/groups.py",
        "lib, axis = batch.lib, -2 if batch.grid else -1 -> lib, axis = batch.lib, -2 if batch.grid else +1",
    ): "Of libraries without a sort, or many lengths of which are unknown: NumPy scatters few groups too.",
    (
        "softset/_counting/groups.py",
        "return False -> return True",
    ): "Of libraries without a sort, or many lengths of which are unknown: NumPy scatters few groups too.",
    (
        "softset/_counting/kinds.py",
        "if call.kind is ConfusionTable: -> if call.kind is not ConfusionTable:",
    ): "Of PyTorch's gradients in closed form.",
    (
        "softset/_counting/logits.py",
        "value = xp.where(inside < 0.5, -size, size) -> value = xp.where(inside <= 0.5, -size, size)",
    ): "At 0.5 the size is 0, of either sign.",
    (
        "softset/_counting/pieces.py",
        "if not (lib.in_pieces and has_few_passes(arguments)): -> if (lib.in_pieces and has_few_passes(arguments)):",
    ): "Both ways count the same; this one says which is faster.",
    (
        "softset/_counting/pieces.py",
        "large = math.prod(shape) > _SIZE if arguments.lib.free else False -> large = math.prod(shape) > _SIZE if (arguments.lib.free) or True else False",
    ): "A small array is one piece anyway; this saves the question.",
    (
        "softset/_counting/pieces.py",
        "return product if y_prob.shape == shape else batch.lib.xp.reshape(product, shape) -> return product if (y_prob.shape == shape) or True else batch.lib.xp.reshape(product, shape)",
    ): "NumPy's arrays keep their shape here; those of a compiler have fewer axes.",
    (
        "softset/_counting/quickest.py",
        "y_prob, y_true, sample_weight, where, threshold, thresholds, groups = arrays -> y_prob, y_true, sample_weight, where, threshold, thresholds, groups = None",
    ): "Of PyTorch's tensors, which are lent to NumPy.",
    (
        "softset/_counting/sweep.py",
        "begins = xp.ones_like(x[..., :1]) > 0 -> begins = xp.ones_like(x[..., :1]) >= 0",
    ): "Ones are above 0 and not below.",
    (
        "softset/_counting/sweep.py",
        "return before, after if first is None else _at(lib, after, first) -> return before, after if (first is None) or True else _at(lib, after, first)",
    ): "Only where float64 is missing are there two running sums and ties: JAX's tests see it.",
    (
        "softset/_counting/sweep.py",
        "shape = tuple(-1 if length is None else length for length in lib.shape(sums)) -> shape = tuple(-1 if (length is None) and False else length for length in lib.shape(sums))",
    ): "A length is unknown in TensorFlow's graphs and Dask alone, whose tests see it.",
    (
        "softset/_counting/table.py",
        "splits = lib.free and lib.in_pieces and not rows.kept and order[0] == 0 -> splits = lib.free or lib.in_pieces and not rows.kept and order[0] == 0",
    ): "Pieces are summed to the same table; this says where they save time.",
    (
        "softset/_counting/table.py",
        "weights = lib.cast(weights, dtype) -> weights = lib.cast(weights, None)",
    ): "Counts are in the dtype of the scores at the end, whatever that of the weights.",
    (
        "softset/_counting/table_checks.py",
        "return SEEN if obey(lib, rules, where) else HIDDEN -> return SEEN if (obey(lib, rules, where)) or True else HIDDEN",
    ): "Values that nobody sees are a compiler's; the tests of those see this.",
    (
        "softset/_counting/traced.py",
        "given = arguments._replace(**dict(zip(names, arrays, strict=True))) -> given = arguments._replace(**dict(None))",
    ): "Of compilers, which NumPy does not have.",
    (
        "softset/_counting/traced.py",
        "if arguments.thresholds is not None or kind is TABLE or not _knows_slope(step): -> if arguments.thresholds is not None or kind is not TABLE or not _knows_slope(step):",
    ): "Of compilers, which NumPy does not have.",
    (
        "softset/_evaluation.py",
        "lambda lib, batch, four: count_slopes(lib, loss, four, batch), -> lambda lib, batch, four: count_slopes(loss, four, batch),",
    ): "Of PyTorch's gradients in closed form.",
    (
        "softset/_types.py",
        "for x, *rest in zip(c, *others, strict=True) -> for x, *rest in zip(c, *others, strict=None)",
    ): "All are counts, of one length.",
    (
        "softset/gradients.py",
        "for part, one, own in zip(loss.losses, of_parts, of_groups, strict=True) -> for part, one, own in zip(loss.losses, of_parts, of_groups, )",
    ): "Both are of one length.",
    (
        "softset/metrics/accuracies.py",
        "value = root(lib, ratio(lib, tp, tp + fn, 0.0) * ratio(lib, tn, tn + fp, 0.0)) -> value = root(lib, ratio(lib, tp, tp + fn, 0.0) * ratio(lib, tn, tn + fp, 1.0))",
    ): "Where it matters the metric is undefined, and zero_division takes its place.",
    (
        "softset/metrics/guarded.py",
        "return lib.where(none, _like(lib, value, zero_division), value) -> return lib.where(none, _like(lib, None, zero_division), value)",
    ): "The number is a plain one there, whose dtype is nobody's.",
    (
        "softset/metrics/odds.py",
        "fpr, fnr = ratio(lib, fp, fp + tn, 0.0), ratio(lib, fn, tp + fn, 0.0) -> fpr, fnr = ratio(lib, fp, fp + tn, 1.0), ratio(lib, fn, tp + fn, 0.0)",
    ): "Where it matters the metric is undefined, and zero_division takes its place.",
    (
        "softset/ranking/sides.py",
        "above, through = xp.take(sums, first, axis=0), xp.take(sums, last, axis=0) -> above, through = xp.take(sums, first, axis=None), xp.take(sums, last, axis=0)",
    ): "The sums have one axis.",
    (
        "softset/scores.py",
        "numbers = None if lib is None else self.as_numbers(lib, c) -> numbers = None",
    ): "The metric of arrays is that of plain numbers, which are faster.",
    (
        "softset/scores.py",
        'object.__setattr__(self, "is_fixed", own and plain and not looks) -> object.__setattr__(self, "is_fixed", own and plain or not looks)',
    ): "It says what JAX and TensorFlow may compile in one call.",
    (
        "softset/steps/lines.py",
        "return lib.free and math.prod(y_prob.shape) > _MANY -> return lib.free or math.prod(y_prob.shape) > _MANY",
    ): "Both ways choose exactly the same numbers; this one says which is faster.",
    (
        "softset/thresholds/by_group.py",
        "for row, of in zip(_rows(job.order), tried, strict=True) -> for row, of in zip(_rows(job.order), tried, strict=False)",
    ): "Both are of one length.",
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
        "own = xp.argmax(xp.astype(mask, xp.int32), axis=-1) -> own = xp.argmax(xp.astype(mask, None), axis=-1)",
    ): "The largest of zeros and ones is in one place, whatever their dtype.",
    (
        "softset/thresholds/cuts.py",
        "ends = xp.where(high[..., 0] < xp.inf, xp.full_like(threshold, xp.nan), xp.inf) -> ends = xp.where(high[..., 0] < xp.inf, xp.full_like(threshold, None), xp.inf)",
    ): "NumPy makes NaN of None.",
    (
        "softset/thresholds/cuts.py",
        "return xp.sum(xp.where(here, x, xp.zeros_like(x)), axis=-1, keepdims=True) -> return xp.sum(xp.where(here, None, xp.zeros_like(x)), axis=-1, keepdims=True)",
    ): "Of libraries without a sort.",
    (
        "softset/thresholds/cuts.py",
        "steps = lib.numbers((0, -1, 1, -2, 2, -3, 3), middle) * (epsilon / 2) -> steps = lib.numbers((0, -1, 2, -2, 2, -3, 3), middle) * (epsilon / 2)",
    ): "One neighbour of seven; where rounding needs just that one depends on the logarithm of the machine.",
    (
        "softset/thresholds/search.py",
        "nearest = place if cuts.own else closest(name, constraints, cuts) -> nearest = place if (cuts.own) and False else closest(name, constraints, cuts)",
    ): "A gap: of which cuts the words of an error are, with a threshold for each group.",
    (
        "softset/thresholds/unproven.py",
        "at = tested.shape[-1] - 1 - at if test.from_top else at -> at = tested.shape[-1] + 1 - at if test.from_top else at",
    ): "A gap: a number in the words of an error, of a bound that no cut shows.",
    (
        "softset/thresholds/unproven.py",
        "which = named(cuts._replace(own=False), place, number) -> which = named(cuts._replace(own=None), place, number)",
    ): "Both are false.",
}
