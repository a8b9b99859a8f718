# %% [markdown]
# # Rates that agree between groups
#
# Two groups differ in how often they are positive, and in what a column says of them. A model that
# is good on the whole finds more of the one group's positives than of the other's. Here their
# recalls are to be at most 0.05 apart.

# %%
import numpy as np

import softset as ss

rng = np.random.default_rng(0)
groups = (rng.uniform(size=2000) < 0.3).astype(int)
y = rng.uniform(size=2000) < np.where(groups, 0.2, 0.4)
x = rng.normal(size=(2000, 3)) + np.outer(y, (1.0, 0.8, 0.0))
x[groups == 1, 0] *= 0.4
x = np.column_stack((x, groups, np.ones(2000)))

# %% [markdown]
# A bound is a metric and a number. `largest_gap` is the gap between the groups, and `constrained`
# makes a loss of an objective and of multipliers, which rise as long as decisions break the bound.

# %%
bound = ss.at_most(ss.largest_gap(ss.recall), 0.05)
objective = ss.as_loss(ss.f1, from_logits=True)
within = ss.constrained(objective, (bound,), from_logits=True, num_groups=2)


def trained(bounded):
    weights, multipliers = np.zeros(5), np.zeros(1)
    for _ in range(300):
        logits = x @ weights
        loss, given = objective, {}
        if bounded:
            given = {"groups": groups}
            violations = within.violations(y, logits, **given)
            multipliers = ss.raise_multipliers(multipliers, violations, 1.0)
            loss = within.lagrangian(multipliers)
        _, slope = ss.value_and_grad(loss)(y, logits, **given)
        weights -= 5 * slope @ x
    return x @ weights


# %% [markdown]
# The F1 of all rows, and the recall of each group, without the bound and within it:

# %%
f1 = ss.as_score(ss.f1, from_logits=True)
for bounded in (False, True):
    logits = trained(bounded)
    c = ss.confusion(y, logits, step=ss.Hard(), from_logits=True, groups=groups, num_groups=2)
    print(*np.round([f1(y, logits), *ss.recall(c)], 2))
# -> about 0.66 0.81 0.54
# -> about 0.65 0.78 0.74

# %% [markdown]
# The bound holds for the rows that the model was trained on; on others it holds about as well as
# there are rows. [Constraints](../constraints.md) has other bounds and real data, and
# [Groups](../groups.md) a table of rates with intervals.
