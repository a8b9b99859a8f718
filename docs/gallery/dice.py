# %% [markdown]
# # Dice for segmentation
#
# The Dice coefficient of a mask is the F1 of its pixels. So the loss is `as_loss(f1)`, counted over
# the pixels of each image.

# %%
import torch

import softset as ss

SIZE = 24


def images(number, seed):
    """Return noisy images of a disc, and masks of it."""
    make = torch.Generator().manual_seed(seed)
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    i, j = torch.randint(4, SIZE - 4, (2, number, 1, 1), generator=make)
    mask = (rows - i) ** 2 + (columns - j) ** 2 <= 9
    return mask + 0.7 * torch.randn(mask.shape, generator=make), mask


(x, y), (x_test, y_test) = images(200, 0), images(200, 1)
print(f"{y.float().mean():.2f}")  # -> 0.05

# %% [markdown]
# A disc is a twentieth of the pixels. `axis` names the axes of pixels, so the axis of images is
# left, and a loss is the mean over it. `Identity` takes probabilities as they are, as Dice losses
# do.

# %%
pixels = {"axis": (-2, -1), "from_logits": True}
dice = ss.as_loss(ss.f1, step=ss.Identity(), **pixels)


def entropy(mask, logits):
    return ss.cross_entropy(mask, logits, from_logits=True)


# %% [markdown]
# Three small convolutions, and the mean of hard Dice over images that were not trained on:


# %%
def trained(loss, epochs=10):
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 5, padding=2),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 8, 5, padding=2),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 1, 1),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(epochs):
        for rows in torch.arange(len(x)).split(20):
            optimizer.zero_grad()
            loss(y[rows], model(x[rows, None])[:, 0]).backward()
            optimizer.step()
    with torch.no_grad():
        return model(x_test[:, None])[:, 0]


score = ss.as_score(ss.f1, **pixels)
for loss in (entropy, dice):
    print(f"{score(y_test, trained(loss)):.2f}")
# -> about 0.77
# -> about 0.84

# %% [markdown]
# [Segmentation](../segmentation.md) goes on: several classes, pixels to ignore, images without a
# disc, and what other libraries call Dice.
