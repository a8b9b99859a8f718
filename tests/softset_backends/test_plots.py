"""Plots: what the lines hold, against scikit-learn, closed forms and direct calls."""

import importlib
import math
import sys
from functools import partial

import numpy as np
import pytest

import softset as ss
import softset_backends as sb
from tests.support.referees import EXACT, SINGLE

pytest.importorskip("matplotlib", reason="matplotlib is not installed")
pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.cbook import pts_to_poststep
from sklearn import metrics as theirs

from softset_backends.plots import (
    plot_groups,
    plot_loss_surface,
    plot_metric,
    plot_precision_recall,
    plot_roc,
    plot_steps,
)

RNG = np.random.default_rng(5)
Y = RNG.uniform(size=120) < 0.3
P = RNG.beta(1 + 2 * Y, 3)
P[:40] = P[:40].round(1)  # scores that occur several times, 0 and 1 perhaps among them
WEIGHTS = RNG.uniform(0.2, 2, Y.size)
LOGITS = 4 * P - 3
GROUPS = np.asarray(["north", "south", "east"])[RNG.integers(0, 3, Y.size)]
OF_GROUPS = sb.group_report(ss.recall, Y, P, groups=GROUPS, resamples=50)
DRAWN = {
    "steps": lambda ax=None: plot_steps(ss.Linear(), ax=ax),
    "slopes": lambda ax=None: plot_steps([ss.Hard(), ss.Sigmoid()], slopes=True, ax=ax),
    "roc": lambda ax=None: plot_roc(Y, P, threshold=0.5, ax=ax),
    "precision_recall": lambda ax=None: plot_precision_recall(Y, P, threshold=0.5, ax=ax),
    "metric": lambda ax=None: plot_metric([ss.f1, ss.recall], Y, P, threshold=0.5, ax=ax),
    "groups": lambda ax=None: plot_groups(OF_GROUPS, axes=None if ax is None else [ax])[0],
    "surface": lambda ax=None: plot_loss_surface(ss.as_loss(ss.f1), points=7, ax=ax),
}


@pytest.fixture(autouse=True)
def close():
    before = plt.get_fignums()
    yield
    for number in set(plt.get_fignums()) - set(before):
        plt.close(number)


def line(ax, label):
    """Return the x and y of the line whose label starts so."""
    [found] = [x for x in ax.lines if str(x.get_label()).startswith(label)]
    return (np.asarray(x, dtype=np.float64) for x in found.get_data())


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# The Axes


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_given_axes_are_drawn_on_and_no_figure_is_opened(draw):
    figure, (ax, other) = plt.subplots(1, 2, layout="constrained")
    before, settings = plt.get_fignums(), dict(matplotlib.rcParams)
    assert draw(ax) is ax
    assert plt.get_fignums() == before
    assert dict(matplotlib.rcParams) == settings
    assert ax.has_data() and not other.has_data()
    figure.canvas.draw()  # without a warning, of the layout for one


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_new_figure_is_the_current_one(draw):
    before = plt.get_fignums()
    ax = draw()
    assert len(plt.get_fignums()) == len(before) + 1
    assert plt.gcf() is ax.figure
    assert ax.get_xlabel() and ax.get_ylabel()
    ax.figure.canvas.draw()


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_no_text_overlaps_another(draw):
    ax = draw()
    ax.figure.canvas.draw()
    texts = [x for x in ax.figure.findobj(matplotlib.text.Text) if x.get_visible()]
    boxes = [x.get_window_extent() for x in texts if x.get_text()]
    assert len(boxes) > 10
    for i, box in enumerate(boxes):
        assert box.count_overlaps(boxes[i + 1 :]) == 0


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_several_axes_are_refused(draw):
    with pytest.raises(
        TypeError, match=r"`ax` must be one matplotlib Axes .*, got ndarray; .*\[0\]"
    ):
        draw(plt.subplots(1, 2)[1])


def test_bad_data_leave_no_figure_behind():
    before = plt.get_fignums()
    for draw in (plot_roc, plot_precision_recall, partial(plot_metric, ss.f1)):
        with pytest.raises(ValueError, match=r"`y_true` and `y_(prob|score)` must have one shape"):
            draw(Y[:5], P)
        with pytest.raises(ValueError, match="`threshold` must be one number, got nan"):
            draw(Y, P, threshold=math.nan)
    with pytest.raises(TypeError, match="`step` must be a step function"):
        plot_steps(3)
    with pytest.raises(ValueError, match="no good"):
        plot_loss_surface(lambda y, p: (_ for _ in ()).throw(ValueError("no good")))
    assert plt.get_fignums() == before


@pytest.mark.parametrize("module", ["matplotlib", "numpy"])
def test_absent_library(monkeypatch, module):
    for name in [name for name in sys.modules if name.startswith("softset_backends.plots")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(sb, "plots")
    monkeypatch.setitem(sys.modules, module, None)
    message = rf"plots need .*, and {module} is not installed; pip install 'softset\[plot\]'"
    with pytest.raises(ImportError, match=message):
        importlib.import_module("softset_backends.plots")


# Steps


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.85])
def test_memberships_and_slopes(threshold):
    def own(y_prob, threshold):
        return y_prob * threshold

    steps = [ss.Hard(), ss.Sigmoid(k=8.0), ss.Ramp(width=0.2), own]
    names = ["Hard()", "Sigmoid(k=8.0)", "Ramp(width=0.2)", "own"]
    ax = plot_steps(steps, threshold=threshold)
    assert labels(ax) == [*names, f"threshold {threshold}"]
    x, hard = line(ax, "Hard")
    assert x[0] == 0 and x[-1] == 1 and len(x) >= 1001
    np.testing.assert_array_equal(hard, x >= threshold)
    # The jump is upright: no number lies between the two ends.
    assert np.nextafter(x[hard == 0][-1], 1) == x[hard == 1][0] == threshold
    sigmoid = 1 / (1 + np.exp(-8 * (x - threshold)))
    np.testing.assert_allclose(list(line(ax, "Sigmoid"))[1], sigmoid, rtol=EXACT)
    np.testing.assert_allclose(list(line(ax, "own"))[1], x * threshold, rtol=EXACT)
    assert next(line(ax, "threshold")).tolist() == [threshold, threshold]

    ax = plot_steps(steps, threshold=threshold, slopes=True)
    assert ax.get_ylabel() == "slope"
    x, slope = line(ax, "Sigmoid")
    np.testing.assert_allclose(slope, 8 * sigmoid * (1 - sigmoid), rtol=EXACT, atol=EXACT)
    assert not any(list(line(ax, "Hard"))[1])
    inside = abs(x - threshold) < 0.099
    np.testing.assert_allclose(list(line(ax, "Ramp"))[1][inside], 5.0, rtol=EXACT)
    np.testing.assert_allclose(list(line(ax, "own"))[1], threshold, rtol=EXACT)


def test_one_step_and_many_look_different():
    assert labels(plot_steps(ss.Identity())) == ["Identity()", "threshold 0.5"]
    many = plot_steps([ss.Sigmoid(k=float(k)) for k in range(1, 21)]).lines[:20]
    assert len({(x.get_color(), x.get_linestyle()) for x in many}) == 20
    first = [x.get_linestyle() for x in many[:4]]
    assert len(set(first)) == 4  # in grey too


@pytest.mark.parametrize(
    ("steps", "threshold", "error", "message"),
    [
        ([], 0.5, ValueError, r"`steps` must hold at least one, got \[\]"),
        ([ss.Hard(), None], 0.5, TypeError, "`step` must be a step function"),
        (ss.Linear(), 1.5, ValueError, "`threshold` must lie strictly between 0 and 1, got 1.5"),
        (ss.Linear(), "0.5", ValueError, "`threshold` must be one number, got '0.5'"),
        (ss.Linear(), (0.2, 0.5), ValueError, r"`threshold` must be one number, got \(0.2, 0.5\)"),
    ],
)
@pytest.mark.parametrize("slopes", [False, True])
def test_bad_steps(steps, threshold, slopes, error, message):
    with pytest.raises(error, match=message):
        plot_steps(steps, threshold=threshold, slopes=slopes)


def test_threshold_of_the_hard_step_may_be_anything():
    x, members = line(plot_steps(ss.Hard(), threshold=2.0), "Hard")
    assert x[-1] == 1 and not members.any()


# Curves


def distinct(scores):
    """Return the places of the curve's points at distinct scores, and of the last one."""
    _, first = np.unique(np.sort(scores), return_index=True)
    return np.append(first, len(scores)) + 1


@pytest.mark.parametrize("scores", [P, LOGITS, P.astype(np.float32)], ids=["p", "z", "float32"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_roc_curve_equals_scikit_learn(scores, weights):
    ax = plot_roc(Y, scores, sample_weight=weights)
    x, y = line(ax, "AUROC")
    options = {"drop_intermediate": False, "sample_weight": weights}
    expected = theirs.roc_curve(Y, scores, **options)
    tolerance = SINGLE if scores.dtype == np.float32 else EXACT
    for found, rate in zip((x, y), expected, strict=False):
        np.testing.assert_allclose(found[distinct(scores)], rate[::-1], rtol=0, atol=tolerance)
    assert np.all(np.diff(x) <= 0) and np.all(np.diff(y) <= 0)
    area = theirs.roc_auc_score(Y, scores, sample_weight=weights)
    assert labels(ax) == [f"AUROC {area:.3f}", "chance"]
    assert [v.tolist() for v in line(ax, "chance")] == [[0, 1], [0, 1]]


@pytest.mark.parametrize("scores", [P, LOGITS], ids=["p", "z"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_precision_recall_curve_equals_scikit_learn(scores, weights):
    ax = plot_precision_recall(Y, scores, sample_weight=weights)
    recall, precision = line(ax, "average")
    expected = theirs.precision_recall_curve(Y, scores, sample_weight=weights)
    keep = distinct(scores)
    np.testing.assert_allclose(precision[keep], expected[0], rtol=0, atol=EXACT)
    np.testing.assert_allclose(recall[keep], expected[1], rtol=0, atol=EXACT)

    # The area under the steps as drawn is the average precision.
    assert ax.lines[0].get_drawstyle() == "steps-post"
    x, y = pts_to_poststep(recall, precision)
    area = theirs.average_precision_score(Y, scores, sample_weight=weights)
    assert -np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2) == pytest.approx(area, rel=EXACT)
    share = np.average(Y, weights=weights)
    assert labels(ax) == [f"average precision {area:.3f}", f"prevalence {share:.3g}"]
    np.testing.assert_allclose(list(line(ax, "prevalence"))[1], share, rtol=EXACT)


@pytest.mark.parametrize(
    ("scores", "threshold"),
    [
        (P, 0.3),
        (P, 0.37),
        (P, 0.0),
        (P.astype(np.float32), 0.7),
        (LOGITS, -1.8),
        (P, np.asarray(0.3)),
    ],
)
def test_threshold_is_marked_at_its_rates(scores, threshold):
    # As the kernel compares: a threshold in the dtype of the scores, ties positive.
    predicted = scores >= scores.dtype.type(threshold)
    recall = theirs.recall_score(Y, predicted)
    [x], [y] = line(plot_roc(Y, scores, threshold=threshold), "threshold")
    assert (x, y) == pytest.approx((1 - theirs.recall_score(~Y, ~predicted), recall), rel=1e-6)
    [x], [y] = line(plot_precision_recall(Y, scores, threshold=threshold), "threshold")
    assert (x, y) == pytest.approx((recall, theirs.precision_score(Y, predicted)), rel=1e-6)


def test_threshold_above_all_scores_calls_none_positive():
    for threshold in (1.5, math.inf):
        ax = plot_roc(Y, P, threshold=threshold)
        assert [v.tolist() for v in line(ax, "threshold")] == [[0.0], [0.0]]
        ax = plot_precision_recall(Y, P, threshold=threshold)
        assert [v.tolist() for v in line(ax, "threshold")] == [[0.0], [1.0]]
        ax.figure.canvas.draw()


def test_other_arrays_are_taken_too():
    square = plot_roc(Y.reshape(10, 12), P.reshape(10, 12))
    listed = plot_roc(Y.tolist(), P.tolist(), sample_weight=[1] * len(Y))
    for ax in (square, listed):
        for one, other in zip(line(ax, "AUROC"), line(plot_roc(Y, P), "AUROC"), strict=True):
            np.testing.assert_array_equal(one, other)
    torch = pytest.importorskip("torch", reason="torch is not installed")
    ax = plot_roc(torch.asarray(Y), torch.asarray(P))
    assert labels(ax) == labels(square)


@pytest.mark.parametrize(
    ("draw", "y_true", "message"),
    [
        (plot_roc, np.zeros(3), "must hold a positive .*, got none; .* there is no ROC curve"),
        (plot_roc, np.ones(3), "must hold a negative .*, got none; .* there is no ROC curve"),
        (plot_precision_recall, np.zeros(3), "must hold a positive .* no precision-recall curve"),
    ],
)
def test_absent_class(draw, y_true, message):
    with pytest.raises(ValueError, match=f"`y_true` {message}"):
        draw(y_true, np.asarray([0.1, 0.2, 0.3]))


def test_weights_can_leave_a_class_out():
    with pytest.raises(ValueError, match="`y_true` must hold a positive with a weight above 0"):
        plot_roc(Y, P, sample_weight=1.0 - Y)


def test_precision_of_positives_only_is_one():
    ax = plot_precision_recall(np.ones(4), P[:4])
    assert labels(ax) == ["average precision 1.000", "prevalence 1"]


# Metrics


def at_thresholds(ax, label, thresholds):
    """Return what a line of hard counts shows at thresholds that are no scores."""
    x, y = line(ax, label)
    [drawn] = [found for found in ax.lines if str(found.get_label()).startswith(label)]
    assert drawn.get_drawstyle() == "steps-pre"
    return y[np.searchsorted(x, thresholds)]


@pytest.mark.parametrize("top", [0.9, 1.0])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_hard_metrics_equal_scikit_learn_at_any_threshold(weights, top):
    scores = P * top / P.max()
    ax = plot_metric([ss.f1, ss.matthews_corrcoef, ss.error_rate], Y, scores, sample_weight=weights)
    thresholds = np.concatenate([RNG.uniform(size=30), scores[:20], [0.0, 0.95, 1.0]])
    for name, score in (
        ("f1", theirs.f1_score),
        ("matthews_corrcoef", theirs.matthews_corrcoef),
        ("error_rate", theirs.zero_one_loss),
    ):
        expected = [score(Y, scores >= t, sample_weight=weights) for t in thresholds]
        found = at_thresholds(ax, name, thresholds)
        # A sum of weights that cancel leaves 1e-16; its root in MCC's denominator does not.
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        [mark] = [x for x in labels(ax) if x.startswith(name)]
        best = (min if name == "error_rate" else max)(list(line(ax, name))[1])
        assert mark.startswith(f"{name}: best {best:.3f} at ")
    assert ax.get_ylabel() == "metric"
    assert ax.get_xlim() == (0, 1)


@pytest.mark.parametrize(
    ("metric", "name", "larger"),
    [
        (ss.f1, "f1", True),
        (partial(ss.expected_cost, fn=5.0), "expected_cost(fn=5.0)", False),
        (
            partial(partial(ss.expected_cost, fn=5.0), fp=2.0),
            "expected_cost(fn=5.0, fp=2.0)",
            False,
        ),
    ],
)
def test_best_threshold_is_marked(metric, name, larger):
    ax = plot_metric(metric, Y, P)
    [mark] = [x for x in ax.lines if x.get_marker() == "D"]
    [x], [y] = mark.get_data()
    _, values = line(ax, name)
    assert y == (max if larger else min)(values)
    assert float(metric(ss.confusion(Y, P, threshold=x, step=ss.Hard()))) == pytest.approx(y)
    assert labels(ax) == [f"{name}: best {y:.3f} at {x:.3g}"]
    assert ax.get_ylabel() == name


def test_direction_of_the_metric():
    def _cost(c):
        return c.fn + c.fp

    best = [
        line_.get_ydata()[0]
        for maximize in (None, True, False)
        for line_ in plot_metric(_cost, Y, P, maximize=maximize).lines
        if line_.get_marker() == "D"
    ]
    # A function of your own is better when larger unless it is said not to be.
    costs = [np.sum((t <= P) != Y) for t in (*P, 2.0)]
    assert best == [max(costs), max(costs), min(costs)]
    assert labels(plot_metric(_cost, Y, P, maximize=False))[0].startswith("cost: best ")


def test_metric_without_direction_has_no_mark():
    ax = plot_metric(ss.predicted_positive_rate, Y, P)
    assert labels(ax) == ["predicted_positive_rate"]
    found = at_thresholds(ax, "predicted", [0.21, 0.55])
    np.testing.assert_allclose(found, [np.mean(P >= 0.21), np.mean(P >= 0.55)], rtol=EXACT)
    ax = plot_metric(ss.predicted_positive_rate, Y, P, maximize=False)
    assert labels(ax)[0].startswith("predicted_positive_rate: best 0.000 at ")


def test_soft_steps_are_compared():
    steps = [ss.Hard(), ss.Identity(), ss.Sigmoid(k=4.0)]
    ax = plot_metric([ss.recall], Y, P, steps=steps, threshold=0.4, sample_weight=WEIGHTS)
    names = ["recall, Hard(): best 1.000 at ", "recall, Identity()", "recall, Sigmoid(k=4.0)"]
    for found, expected in zip(labels(ax), [*names, "threshold 0.4"], strict=True):
        assert found.startswith(expected)
    thresholds, identity = line(ax, names[1])
    np.testing.assert_allclose(thresholds, np.arange(1, 200) / 200, rtol=EXACT)
    np.testing.assert_allclose(identity, np.average(P[Y], weights=WEIGHTS[Y]), rtol=EXACT)
    members = 1 / (1 + np.exp(-4 * (P[Y] - thresholds[:, None])))
    expected = np.average(members, axis=1, weights=WEIGHTS[Y])
    np.testing.assert_allclose(list(line(ax, names[2]))[1], expected, rtol=EXACT)
    assert next(line(ax, "threshold")).tolist() == [0.4, 0.4]
    assert len([x for x in ax.lines if x.get_marker() == "D"]) == 1
    assert labels(plot_metric(ss.recall, Y, P, steps=ss.Linear())) == ["recall"]


def test_best_threshold_may_be_beyond_all_scores():
    # Two negatives, one of them at 1: nothing is best, and only an infinite threshold gives it.
    ax = plot_metric(ss.error_rate, np.asarray([0, 0]), np.asarray([0.5, 1.0]))
    assert labels(ax) == ["error_rate: best 0.000 at inf"]
    ax.figure.canvas.draw()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"metrics": []}, ValueError, r"`metrics` must hold at least one, got \[\]"),
        ({"metrics": [3]}, TypeError, "`metric` must be a function of a Confusion"),
        ({"metrics": ss.auroc}, ValueError, "`metric` must give one value for each threshold"),
        ({"steps": []}, ValueError, r"`steps` must hold at least one, got \[\]"),
        ({"steps": 3}, TypeError, "`step` must be a step function"),
        ({"y_prob": LOGITS}, ValueError, "`y_prob` must"),
        ({"y_prob": LOGITS, "metrics": ss.prevalence}, ValueError, "`y_prob` must"),
        (
            {"threshold": 1.2},
            ValueError,
            r"`threshold` must lie in \[0, 1\], got 1.2; it is a prob",
        ),
    ],
)
def test_bad_metrics(options, error, message):
    with pytest.raises(error, match=message):
        plot_metric(**{"metrics": ss.f1, "y_true": Y, "y_prob": P, **options})


# Groups


def test_groups_are_drawn_as_the_report_has_them():
    labels = np.where(GROUPS == "south", False, Y)  # without positives: no recall
    report = sb.group_report([ss.recall, ss.prevalence], labels, P, groups=GROUPS, resamples=50)
    several = plot_groups(report)
    assert [ax.get_xlabel() for ax in several] == ["recall", "prevalence"]
    several[0].figure.canvas.draw()
    rows = ["east", "north", "south", "all"]
    texts = [f"{row} (n = {report.data[row]['n']:.0f})" for row in rows]
    assert [text.get_text() for text in several[0].get_yticklabels()] == texts
    assert not any(text.get_visible() for text in several[1].get_yticklabels())
    for ax, name in zip(several, report.metrics, strict=True):
        assert len(ax.containers) == 4
        for y, (row, (point, _, [bars])) in enumerate(zip(rows, ax.containers, strict=True)):
            value, low, high = report.data[row][name]
            np.testing.assert_array_equal(point.get_xydata(), [[value, y]])
            if value == value:
                np.testing.assert_allclose(bars.get_segments()[0], [[low, y], [high, y]])
            assert (point.get_marker() == "D") == (row == report.worst[name])
        value, low, high = report.data["largest gap"][name]
        assert ax.get_title() == f"gap {value:.3f} [{low:.3f}, {high:.3f}]"
        np.testing.assert_array_equal(ax.lines[-1].get_xdata(), report.data["all"][name].value)
    assert report.worst["recall"] in ("east", "north") and report.worst["prevalence"] is None
    given = plt.subplots(2, 1)[1]
    assert plot_groups(report, axes=given) == list(given)
    only = sb.group_report(ss.recall, labels, P, groups=GROUPS == "south", resamples=50)
    assert plot_groups(only)[0].get_title() == ""  # of one group that is left there is no gap


def test_interval_without_an_upper_bound_goes_on_to_the_edge():
    y = np.repeat([1, 1, 0, 0] * 2, [8, 3, 3, 9, 9, 0, 0, 9])
    p = np.repeat([0.9, 0.2, 0.7, 0.1] * 2, [8, 3, 3, 9, 9, 0, 0, 9])
    report = sb.group_report(ss.diagnostic_odds_ratio, y, p, groups=np.repeat([0, 1], [23, 18]))
    found = {row: report.data[row]["diagnostic_odds_ratio"] for row in (0, 1, "all")}
    assert found[0].value == pytest.approx(8) and found[0].high == math.inf == found[1].low
    [ax] = plot_groups(report)
    ax.figure.canvas.draw()
    lines = [line.get_xydata().tolist() for line in ax.lines]
    assert [[found[0].low, 0], [ax.get_xlim()[1], 0]] in lines
    assert found["all"].value < ax.get_xlim()[1] < math.inf
    assert ax.get_title() == "gap inf"


def test_bad_groups():
    with pytest.raises(TypeError, match="`report` must be what group_report returns, got dict"):
        plot_groups(OF_GROUPS.data)
    axes = plt.subplots(1, 2)[1]
    for wrong, got in ((axes, 2), (axes[0], "one alone"), ([], 0)):
        match = f"`axes` must hold 1 Axes, one for each metric, got {got}"
        with pytest.raises(ValueError, match=match):
            plot_groups(OF_GROUPS, axes=wrong)


# Surfaces


def surface(ax):
    """Return the centres of the cells, and the loss of each."""
    [mesh] = ax.collections[:1]
    corners = np.asarray(mesh.get_coordinates())  # a masked array that hides nothing
    centres = (corners[:-1, :-1] + corners[1:, 1:]) / 2
    return centres, mesh.get_array().reshape(centres.shape[:2])


@pytest.mark.parametrize(
    ("loss", "y_true", "reach", "name"),
    [
        (ss.as_loss(ss.f1), (1, 0), (0, 1), "probability"),
        (ss.as_loss(ss.f1, step=ss.Hard()), (1, 1), (0, 1), "probability"),
        (ss.as_loss(ss.f1, from_logits=True), (0, 1), (-6, 6), "logit"),
        (partial(ss.cross_entropy, from_logits=True), (1, 0), (-6, 6), "logit"),
        (lambda y, p: np.mean((y - p) ** 2), np.asarray([0.0, 1.0]), (0, 1), "probability"),
    ],
)
def test_surface_is_the_loss(loss, y_true, reach, name):
    ax = plot_loss_surface(loss, y_true=y_true, points=8)
    centres, values = surface(ax)
    low, high = reach
    middle = low + (high - low) * (np.arange(8) + 0.5) / 8
    np.testing.assert_allclose(centres[..., 0], np.tile(middle, (8, 1)), atol=EXACT * high)
    np.testing.assert_allclose(centres[..., 1], np.tile(middle, (8, 1)).T, atol=EXACT * high)
    for point, value in zip(centres.reshape(-1, 2), values.ravel(), strict=True):
        assert value == pytest.approx(float(loss(np.asarray(y_true), point)), rel=1e-9, abs=1e-12)
    assert ax.get_xlim() == ax.get_ylim() == reach
    assert ax.get_xlabel() == f"first {name}, label {y_true[0]}"
    assert ax.get_ylabel() == f"second {name}, label {y_true[1]}"


def test_lines_of_equal_loss_have_their_numbers_on_the_bar():
    ax = plot_loss_surface(lambda y, p: p[0] / 2 + p[1] / 2, points=20)
    levels = ax.collections[-1].levels
    bar = ax.figure.axes[1]
    inside = [x for x in levels if 0.025 <= x <= 0.975]
    assert len(inside) >= 4
    np.testing.assert_array_equal(bar.get_yticks(), inside)
    assert bar.get_ylabel() == "loss"
    for level, path in zip(levels, ax.collections[-1].get_paths(), strict=True):
        np.testing.assert_allclose(path.vertices.mean(axis=1), level, rtol=1e-9)


def test_constant_and_infinite_losses():
    ax = plot_loss_surface(lambda y, p: 0.5, points=3)
    assert surface(ax)[1].tolist() == [[0.5] * 3] * 3
    assert len(ax.collections) == 1  # no lines where nothing is unequal
    ax.figure.canvas.draw()
    ax = plot_loss_surface(lambda y, p: math.inf if p[0] < 0.5 else p[1], points=4)
    assert np.ma.getmaskarray(surface(ax)[1]).tolist() == [[True, True, False, False]] * 4
    ax.figure.canvas.draw()
    with pytest.raises(ValueError, match="`loss` must be finite somewhere"):
        plot_loss_surface(lambda y, p: math.nan, points=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y_true": (1, 0, 1)}, r"`y_true` must hold the labels of two examples, got \(1, 0, 1\)"),
        ({"points": 1}, "`points` must be an integer of at least 2, got 1"),
        ({"points": 5.0}, "`points` must be an integer of at least 2, got 5.0"),
        ({"points": True}, "`points` must be an integer of at least 2, got True"),
        ({"loss": lambda y, p: p}, r"`loss` must return one number, got an array of shape \(2,\)"),
        ({"y_true": (1, 7)}, "`y_true` must"),
    ],
)
def test_bad_surfaces(options, message):
    with pytest.raises(ValueError, match=message):
        plot_loss_surface(**{"loss": ss.as_loss(ss.f1), "points": 3, **options})
