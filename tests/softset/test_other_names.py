"""A name from elsewhere is an error that tells what it is called here."""

import re
from pathlib import Path

import pytest

import softset as ss
from softset import _other_names, metrics

PAGE = Path(ss.__file__).parents[1] / "docs" / "metrics.md"
DICE = "softset.f1, and soft Dice is softset.as_loss(softset.f1, step=softset.Identity())"
AREA = "at thresholds=softset.grid(99) or of the counts of softset.sweep"
QUADRATIC = 'softset.multiclass_cohen_kappa with weights="quadratic"'
# What people know from scikit-learn, torchmetrics, Keras, segmentation libraries and papers.
HERE = {
    "mcc": "softset.matthews_corrcoef",
    "dice": DICE,
    "dice_loss": DICE,
    "soft_dice": DICE,
    "iou": "softset.jaccard",
    "IoU": "softset.jaccard",
    "jaccard_score": "softset.as_score(softset.jaccard)",
    "JaccardIndex": "softset.jaccard",
    "auc": f"softset.auroc, {AREA}",
    "roc_auc_score": f"softset.auroc, {AREA}",
    "pr_auc": f"softset.average_precision, {AREA}",
    "kappa": "softset.cohen_kappa",
    "f1_score": "softset.as_score(softset.f1)",
    "F1Score": "softset.as_score(softset.f1)",
    "f1_loss": "softset.as_loss(softset.f1)",
    "F1": "softset.f1",
    "f2": "softset.fbeta, as in functools.partial(softset.fbeta, beta=2.0)",
    "sensitivity": "softset.recall",
    "confusion_matrix": "softset.confusion, and of classes softset.confusion_table",
    "binary_cross_entropy": "softset.cross_entropy",
    "cross_entropy_loss": "softset.cross_entropy",
    "sigmoid": "softset.Sigmoid",
    "MetricLoss": "softset_backends.torch.MetricLoss, or softset_backends.keras.MetricLoss",
    "macro_recall": "softset.macro(softset.recall), and of two classes softset.balanced_accuracy",
    "macro_f1": "softset.macro(softset.f1)",
    "f1_macro": "softset.macro(softset.f1)",
    "macro_f1_loss": "softset.as_loss(softset.macro(softset.f1))",
    "f1_weighted": "softset.weighted(softset.f1)",
    "micro_precision": "softset.micro(softset.precision)",
    "mean_iou": "softset.macro(softset.jaccard)",
    "macro_mcc": "softset.macro(softset.matthews_corrcoef)",
    "MulticlassF1Score": "softset.as_score(softset.macro(softset.f1))",
    "multilabel_jaccard_index": "softset.macro(softset.jaccard)",
    "BinaryAccuracy": "softset.accuracy",
    "binary_f1_score": "softset.as_score(softset.f1)",
    "quadratic_weighted_kappa": QUADRATIC,
    "weighted_kappa": QUADRATIC,
    "WeightedKappaLoss": QUADRATIC,
    "MulticlassCohenKappa": "softset.multiclass_cohen_kappa",
    "multiclass_kappa": "softset.multiclass_cohen_kappa",
    "cohen_kappa_score": (
        "softset.as_score of softset.cohen_kappa, or of softset.multiclass_cohen_kappa"
    ),
    "multiclass_mcc": "softset.multiclass_matthews_corrcoef",
    "MulticlassMatthewsCorrCoef": "softset.multiclass_matthews_corrcoef",
    "multiclass_confusion_matrix": "softset.confusion_table",
    "multiclass_balanced_accuracy_score": "softset.as_score(softset.multiclass_balanced_accuracy)",
    "SparseCategoricalAccuracy": "softset.multiclass_accuracy",
    "top_k_accuracy_score": (
        "softset.as_score(softset.micro(softset.recall), step=softset.TopK(k), axis=0)"
    ),
    "CategoricalCrossentropy": "softset.cross_entropy, with class_axis=-1",
    "f1_samples": "softset.samples(softset.f1)",
    "DiceCELoss": "softset.compound_loss of softset.cross_entropy and soft softset.f1",
    "FocalTverskyLoss": "softset.as_loss(softset.focal(softset.tversky)), with their options",
    "classification_report": "softset_backends.classification_report",
    "optimal_threshold": "softset.best_threshold",
    "to_categorical": "softset.one_hot",
    "macro_confusion": None,
    "mean_f3": None,
    "f3": None,
    "focal_loss": None,
    "jacard": None,  # Python itself asks whether jaccard was meant
    "_f1": None,
}


@pytest.mark.parametrize("name", HERE)
def test_the_error_tells_the_name_to_take(name):
    text = f"module 'softset' has no attribute '{name}'"
    here = HERE[name] and f"{text}; it is {HERE[name]}"
    with pytest.raises(AttributeError) as error:
        getattr(ss, name)
    assert str(error.value) == (here or text)
    assert not hasattr(ss, name)


@pytest.mark.parametrize(("package", "here"), [("softset", ss), ("softset.metrics", metrics)])
def test_so_does_the_error_of_an_import(package, here):
    """Python drops an AttributeError there, and raises an ImportError of its own."""
    message = f"^cannot import name 'mcc' from '{package}'; it is softset.matthews_corrcoef$"
    with pytest.raises(ImportError, match=message):
        exec(f"from {package} import mcc")
    with pytest.raises(AttributeError, match=r"'mcc'; it is softset\.matthews_corrcoef$"):
        _ = here.mcc
    with pytest.raises(ImportError, match=f"^cannot import name 'f3' from '{package}' "):
        exec(f"from {package} import f3")
    exec("from softset import _types")  # a module that is not loaded yet may be imported


def test_what_is_told_is_there():
    for told, others in _other_names._OTHERS.items():
        for name in re.findall(r"\{0\}(\w+)", told):
            assert name in ss.__all__, told
        for other in others.split():
            assert re.fullmatch("[a-z0-9]+", other)
            assert other not in map(_other_names._plain, ss.__all__), other
    count = sum(len(others.split()) for others in _other_names._OTHERS.values())
    assert len(_other_names._CALLED) == count  # none is listed twice


# What the page says beside a name, a name of two metrics, and what is none in code.
ASIDES = {"association_rules", "binary", "fairness", "meteorology", "normalised", "delta_P"}
NO_NAMES = {"LR_", "Q", "ROC_distance_to", "S"}


def other_names():
    """Yield a metric and its other names, those that can stand in code, from the page."""
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        metric = re.match(r"`(\w+)`", cells[0]) if len(cells) >= 6 else None
        if metric and metric[1] in ss.__all__:
            text = cells[-1].partition(";")[0].partition(". ")[0]
            for part in re.split(r"[,()]", text):
                name = re.sub(r"[ -]", "_", part.strip())
                if name.isascii() and name.isidentifier() and name not in ASIDES | NO_NAMES:
                    yield metric[1], name


def test_the_names_of_the_page_are_known():
    known = list(other_names())
    assert len(known) > 80
    for metric, name in known:
        with pytest.raises(AttributeError, match=rf"; it is .*softset\.{metric}\b"):
            getattr(ss, name)
