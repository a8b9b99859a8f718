# %% [markdown]
# # F1 on an imbalanced table
#
# One row in ten is positive, and no column tells for sure. A linear model is to find them, and F1
# says how well. Three ways: cross-entropy cut at 0.5, cross-entropy cut at a threshold that other
# rows chose, and F1 as the loss.

# %%
import torch

import softset as ss

torch.manual_seed(0)
x = torch.randn(12_000, 8)
y = torch.rand(12_000) < torch.sigmoid(1.5 * x[:, 0] - x[:, 1] + 0.5 * x[:, 2] - 3.2)
print(f"{y.float().mean():.2f}")  # -> about 0.11

# %% [markdown]
# A third of the rows trains, a third chooses the threshold, and a third is for the number to
# report.

# %%
train, choose, report = torch.arange(12_000).split(4000)

# %% [markdown]
# The loss is the only difference between the trainings. Both are functions of labels and logits to
# a number.


# %%
def trained(loss):
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        loss(y[train], model(x[train])[:, 0]).backward()
        optimizer.step()
    return torch.sigmoid(model(x)[:, 0]).detach()


def entropy(labels, logits):
    return ss.cross_entropy(labels, logits, from_logits=True)


by_entropy = trained(entropy)
by_f1 = trained(ss.as_loss(ss.f1, from_logits=True))

# %% [markdown]
# `best_threshold` tries every cut between two scores. What is reported is the F1 of hard decisions.

# %%
cut = float(ss.best_threshold(ss.f1, y[choose], by_entropy[choose]).threshold)
for scores, threshold in ((by_entropy, 0.5), (by_entropy, cut), (by_f1, 0.5)):
    f1 = ss.as_score(ss.f1, threshold=threshold)
    print(f"{f1(y[report], scores[report]):.2f}")
# -> about 0.38
# -> about 0.50
# -> about 0.49

# %% [markdown]
# The threshold is the whole gain, and the simplest thing to do:
# [When it helps](../when-it-helps.md) has the numbers of eight data sets. The loss of F1 gets there
# without rows that choose a threshold, and the same call takes metrics that no threshold gives, as
# those [of groups](rates_of_groups.md).
