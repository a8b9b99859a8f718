"""What the report says of itself and of the peers."""

from __future__ import annotations

PEERS = {
    "torch-btg": (
        "Mean F-beta over 9 thresholds, whatever thresholds it is given. Scores below a threshold "
        "are counted at 1 - threshold, so that it is another function than the others' but at "
        "0.5; its value is not compared. With one threshold its F1 is called with its "
        "approximation. It sends sums to a GPU; `Tensor.cuda` is made to do nothing here."
    ),
    "segmentation-models-pytorch": (
        '`DiceLoss`, "binary" for all values and "multilabel" for each class: soft Dice, 0 for '
        "classes without positives. A mask is a label of -1 with `ignore_index`, set before "
        "timing; it takes no weights. Only its losses are imported, since the library needs "
        "torchvision and timm."
    ),
    "monai": (
        "`DiceLoss(batch=True)`, one number for all masks of a class, or `batch=False`, one for "
        "each image, with `sigmoid=True` of logits; it adds 1e-5 to both parts. With a mask "
        "`MaskedDiceLoss`, which multiplies scores and labels by it: weights then enter twice "
        "where both meet, which is another function, and its value is not compared."
    ),
    "keras": (
        "`keras.losses.Dice`, on TensorFlow: soft Dice over all values, or with `axis` of each "
        "class; logits take `tf.sigmoid` before, since it has no option for them."
    ),
    "optax": (
        "`dice_loss` with `smooth=0`, of logits and of all values: of several classes it takes a "
        "softmax, and with `apply_softmax=False` it looks at values, which `jax.jit` does not have."
    ),
    "scikit-learn": (
        "`f1_score` of scores cut at 0.5, which is timed too, `roc_auc_score` and "
        "`average_precision_score`; in float64."
    ),
    "torchmetrics": (
        "`binary_f1_score`, `binary_auroc` and `binary_average_precision`, exact, as functions."
    ),
}
INTRODUCTION = """\
# How fast

Soft F1 with `Linear` unless a table says otherwise, float32 scores and labels, 30 % of them \
positive. "By hand" is the same loss in the framework's own operations, with the threshold's \
numbers written in, and the framework's autodiff. In brackets comes first how many times faster \
than by hand in the same framework and mode: candidates take turns on the same data, and it is the \
median of the ratios of neighbouring calls. What follows is how far the value is, relatively, from \
the closed form in float64, and how far the gradient is at most, as a share of its largest slope; \
rows that compute another function have neither. Compiling is not timed; compiled functions are \
for one shape. Every call waits for its result. Softset's checks of values are on, unless a row \
says that they are off. A row whose value is off by more than 1e-4, or whose gradient is by its \
length, is not timed (2e-2 in bfloat16). Each process first frees an array of almost 32 MB, after \
which glibc keeps memory between calls, as in one that has trained for a while.

- "plain kernel": `ss.as_loss(ss.f1)` and the framework's autodiff
- "MetricLoss": `softset_backends.torch.MetricLoss(ss.f1)`, then `.backward()`
- "value_and_grad": `ss.value_and_grad(ss.as_loss(ss.f1))`, which needs no autodiff
- "closed form by hand": value and gradient of this one loss written out, as a reference
- "softset", under evaluation: `ss.as_score(ss.f1)`, and `ss.auroc(ss.sweep(...).confusion)`, so \
AP

Soft Dice is F1 with `step=ss.Identity()`; each class has its own with `ss.macro(ss.f1)` and \
`axis=(0, 2, 3)`, and each image with `axis=(1, 2)`. NumPy has no autodiff: its gradients are \
compared with the time of the value alone, by hand.
"""
