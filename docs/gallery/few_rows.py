# %% [markdown]
# # Thresholds from few rows
#
# A model is there, and fifty labels to choose a threshold with. The best cut of fifty rows is best
# partly by luck. The model knows more: its probabilities say how many positives are to be expected
# above a cut.

# %%
import numpy as np

import softset as ss

rng = np.random.default_rng(0)
p = rng.beta(0.6, 3.0, size=20_000)  # of a model that is calibrated
y = (rng.uniform(size=p.size) < p).astype(float)
print(f"{y.mean():.2f}")  # -> 0.17

# %% [markdown]
# The best that there is, the threshold of all rows and its F1:

# %%
best = ss.best_threshold(ss.f1, y, p)
print(round(float(best.threshold), 2), round(float(best.value), 2))  # -> about 0.23 0.50

# %% [markdown]
# Three thresholds from fifty rows, a hundred times over, and the mean of the F1 that they have on
# all rows: by the labels, by the probabilities alone, and by both, with the same weight.
# `expected_labels` makes what stands in the place of labels.


# %%
def f1_of(labels, rows):
    cut = ss.best_threshold(ss.f1, labels, p[rows]).threshold
    return ss.as_score(ss.f1, threshold=float(cut))(y, p)


found = []
for _ in range(100):
    rows = rng.integers(0, p.size, 50)
    mixed = (ss.expected_labels(y[rows], p[rows], share=share) for share in (0.0, 1.0, 0.5))
    found.append([f1_of(labels, rows) for labels in mixed])
print(*np.mean(found, axis=0).round(2))  # -> about 0.46 0.50 0.48

# %% [markdown]
# The probabilities are right here. Of a model that is too sure they are recalibrated first, and
# then the mixture is the safe one: [Choosing a threshold](../thresholds.md#from-few-rows) has the
# numbers, and a file to keep the rule in.
