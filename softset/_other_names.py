"""What others call the names of softset: not names here as well, but the way to them in errors."""

from __future__ import annotations

import sys

# What it is here, and its other names without capitals and underscores. `{0}` is the package.
_OTHERS = {
    "{0}recall": "sensitivity truepositiverate tpr hitrate power probabilityofdetection pod",
    "{0}specificity": "truenegativerate tnr selectivity correctrejectionrate",
    "{0}precision": "positivepredictivevalue ppv successratio confidence",
    "{0}negative_predictive_value": "npv",
    "{0}false_negative_rate": "fnr missrate typeiierrorrate",
    "{0}false_positive_rate": (
        "fpr fallout probabilityoffalsedetection pofd falsealarmrate typeierrorrate"
    ),
    "{0}false_discovery_rate": "fdr falsealarmratio",
    "{0}false_omission_rate": "for",
    "{0}accuracy": "acc simplematching sokalmichener overallaccuracy",
    "{0}error_rate": (
        "misclassificationrate zeroone zerooneloss hamming hammingloss hammingdistance"
    ),
    "{0}balanced_accuracy": "ba bacc",
    "{0}macro({0}recall), and of two classes {0}balanced_accuracy": "macrorecall",
    "{0}informedness": (
        "youden youdensj youdenj bookmakerinformedness bm peirceskill trueskillstatistic tss "
        "hanssenkuipers"
    ),
    "{0}geometric_mean": "gmean",
    "{0}index_of_balanced_accuracy": "iba",
    "{0}bennett_s": "prevalenceadjustedbiasadjustedkappa pabak hamann",
    "{0}f1, and soft Dice is {0}as_loss({0}f1, step={0}Identity())": (
        "dice softdice sorensendice dsc dicemetric"
    ),
    "{0}compound_loss of {0}cross_entropy and soft {0}f1": ("dicece dicebce combo"),
    "{0}as_loss({0}focal({0}tversky)), with their options": "focaltversky",
    "{0}as_loss({0}f1)": "softf1",
    "{0}f1": "f fmeasure czekanowski",
    "{0}fbeta, as in functools.partial({0}fbeta, beta=2.0)": "f2 f05",
    "{0}negative_f1": "f1ofthenegativeclass inversef fleisslevinpaik",
    "{0}p4": "symmetricf",
    "{0}jaccard": "iou intersectionoverunion threat criticalsuccess csi tanimoto",
    "{0}macro({0}jaccard)": "miou meaniou onehotmeaniou",
    "{0}fowlkes_mallows": "fm gmeasure otsukaochiai cosinesimilarity",
    "{0}matthews_corrcoef": "mcc matthews matthewscorrelation phi yulephi",
    "{0}cohen_kappa": "kappa heidkeskill hss cohenskappa",
    "{0}as_score of {0}cohen_kappa, or of {0}multiclass_cohen_kappa": (
        "cohenkappascore kappascore"
    ),
    '{0}multiclass_cohen_kappa with weights="linear"': (
        "linearkappa linearweightedkappa kappalinear"
    ),
    '{0}multiclass_cohen_kappa with weights="quadratic"': (
        "quadratickappa quadraticweightedkappa kappaquadratic qwk weightedkappa weightedcohenkappa"
    ),
    "{0}multiclass_cohen_kappa": "multiclasskappa kappamulticlass",
    "{0}multiclass_matthews_corrcoef": "multiclassmcc mccmulticlass rk gorodkin",
    "{0}multiclass_geometric_mean": "multiclassgmean gmeanmulticlass",
    "{0}multiclass_balanced_accuracy": (
        "balancedaccuracymulticlass meanclassaccuracy perclassaccuracy averageclassaccuracy"
    ),
    "{0}multiclass_accuracy": "categoricalaccuracy sparsecategoricalaccuracy",
    "{0}as_score of {0}accuracy, or of {0}multiclass_accuracy": "accuracyscore",
    "{0}as_score of {0}balanced_accuracy, or of {0}multiclass_balanced_accuracy": (
        "balancedaccuracyscore"
    ),
    "{0}as_score of {0}geometric_mean, or of {0}multiclass_geometric_mean": ("geometricmeanscore"),
    "{0}as_score({0}micro({0}recall), step={0}TopK(k), axis=0)": (
        "topkaccuracy topkcategoricalaccuracy sparsetopkcategoricalaccuracy"
    ),
    "{0}macro({0}false_negative_rate)": "multiclasshammingdistance",
    "{0}markedness": "mk",
    "{0}scott_pi": "unbiasedkappa",
    "{0}gwet_ac1": "ac1",
    "{0}yule_q": "oddsratioskill orss",
    "{0}gilbert_skill_score": "equitablethreat ets gilbertskill",
    "{0}positive_likelihood_ratio": "plr lrplus",
    "{0}negative_likelihood_ratio": "nlr lrminus",
    "{0}diagnostic_odds_ratio": "dor oddsratio",
    "{0}lift": "precisiongainoverprevalence",
    "{0}prevalence_threshold": "pt",
    "{0}distance_to_corner": "rocdistance dind",
    "{0}expected_cost": "ec weightederror costsensitiveerror costmatrix",
    "{0}net_benefit": "decisioncurvenetbenefit",
    "{0}prevalence": "baserate",
    "{0}predicted_positive_rate": "selectionrate alarmrate queuerate",
    "{0}bias_score": "frequencybias",
    "{0}auroc, at thresholds={0}grid(99) or of the counts of {0}sweep": (
        "auc rocauc aucroc cstatistic"
    ),
    "{0}average_precision, at thresholds={0}grid(99) or of the counts of {0}sweep": (
        "ap prauc aucpr auprc averageprecisionscore"
    ),
    "{0}best_threshold": "optimalthreshold findthreshold findbestthreshold tunethreshold",
    "{0}one_hot": "tocategorical",
    "{0}roc_curve": "roc",
    "{0}precision_recall_curve": "prc prcurve",
    "{0}confusion, and of classes {0}confusion_table": "confusionmatrix",
    "{0}confusion_table": "multiclassconfusionmatrix",
    "{0}confusion": (
        "statscores multiclassstatscores getstats counts getconfusionmatrix confusionmatrixmetric "
        "binaryconfusionmatrix multilabelconfusionmatrix"
    ),
    "{0}cross_entropy": (
        "bce binarycrossentropy crossentropyloss logloss nll bcewithlogits softbcewithlogits"
    ),
    "{0}cross_entropy, with class_axis=-1": (
        "categoricalcrossentropy sparsecategoricalcrossentropy softcrossentropy"
    ),
    "{0}pairwise_loss": "pairwiserankingloss ranknet",
    "{0}Hard, a step function": "heaviside",
    "{0}StraightThrough, a step function": "ste straightthroughestimator",
    "{0}as_loss": "loss",
    "{0}as_score": "score",
    "{0}value_and_grad": "grad gradient",
    "softset_backends.torch.MetricLoss, or softset_backends.keras.MetricLoss": "metricloss",
    "softset_backends.classification_report": "classificationreport",
    "softset_backends.torch.MetricScore, or softset_backends.keras.MetricScore": "metricscore",
}
_CALLED = {other: here for here, others in _OTHERS.items() for other in others.split()}
# What a name of a metric begins or ends with where it is that of an average, or of one class.
_AVERAGES = {
    "macro": "macro",
    "micro": "micro",
    "weighted": "weighted",
    "samples": "samples",
    "mean": "macro",
    "multiclass": "macro",
    "multilabel": "macro",
    "binary": "",
}
_AVERAGE = tuple(f"{{0}}{average}(" for average in ("macro", "micro", "weighted", "samples"))
# What names of metrics end in elsewhere, and what makes that of a metric.
_ENDINGS = {"": "", "score": "as_score", "loss": "as_loss", "index": "", "coefficient": ""}


def missing(module: str, name: str, public: list[str], metrics: list[str]) -> Exception:
    """Return the error for a name that a module lacks: what it is called here, if it is known.

    Python makes an error of its own of a failed `from softset import name`, and drops what this
    one says, unless it is an ImportError.
    """
    here = "" if name.startswith("_") else _here(name, public, metrics)
    if not here:
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    here = f"it is {here}".format(f"{__package__}.")
    if sys._getframe(2).f_code.co_name == "_handle_fromlist":
        return ImportError(f"cannot import name {name!r} from {module!r}; {here}", name=module)
    # With a name and no object Python does not guess another one.
    return AttributeError(f"module {module!r} has no attribute {name!r}; {here}", name=name)


def _here(name: str, public: list[str], metrics: list[str]) -> str:
    """Return what a name is here, or nothing."""
    called = {_plain(x): f"{{0}}{x}" for x in public} | _CALLED
    plain = _plain(name)
    for ending, made in _ENDINGS.items():
        if not plain.endswith(ending):
            continue
        rest = plain.removesuffix(ending)
        if here := called.get(rest) or _averaged(rest, metrics):
            average = here.startswith(_AVERAGE) and here.endswith(")")
            if made and (average or here.removeprefix("{0}") in metrics):
                return f"{{0}}{made}({here})"
            if not made or rest in _CALLED:  # else what makes a metric, or a loss, of something
                return here
    return ""


def _averaged(plain: str, metrics: list[str]) -> str:
    """Return what the name of an average of a metric is here, or nothing."""
    called = {_plain(x): f"{{0}}{x}" for x in metrics} | _CALLED
    for word, average in _AVERAGES.items():
        rest = plain.removeprefix(word) if plain.startswith(word) else plain.removesuffix(word)
        here = called.get(rest, "")
        if rest != plain and here.removeprefix("{0}") in metrics:
            return f"{{0}}{average}({here})" if average else here
    return ""


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
