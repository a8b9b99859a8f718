"""Train a small U-Net on synthetic images, with cross-entropy and with soft Dice.

python unet.py

For more seeds, and longer training, give the number of seeds and of epochs: unet.py 3 30.
"""

import sys

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate, max_pool2d

import softset as ss
from softset_backends.torch import MetricLoss, MetricScore

SIZE, CHANNELS = 32, (4, 8, 16)


def images(number, seed):
    """Return noisy images of a disc and three bars, and masks of the disc: 3 % of the pixels."""
    make = torch.Generator().manual_seed(seed)
    rows, columns = torch.arange(SIZE).view(1, SIZE, 1), torch.arange(SIZE).view(1, 1, SIZE)
    i, j = torch.randint(SIZE, (2, number, 4, 1, 1), generator=make)
    down, across = (rows - i).abs(), (columns - j).abs()
    disc = (down**2 + across**2)[:, :1] <= 10
    bars = torch.where(torch.arange(4).view(4, 1, 1) % 2 == 0, down, across)[:, 1:] <= 1
    shown = (disc | bars.any(1, keepdim=True)).float()
    return shown + 0.5 * torch.randn(shown.shape, generator=make), disc.float()


def twice(before, after):
    """Return two convolutions."""
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1),
        nn.BatchNorm2d(after),
        nn.ReLU(),
        nn.Conv2d(after, after, 3, padding=1),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


class UNet(nn.Module):
    """Down, and up again with what was seen on the way down."""

    def __init__(self):
        super().__init__()
        pairs = list(zip((1, *CHANNELS), CHANNELS, strict=False))
        self.down = nn.ModuleList(twice(*pair) for pair in pairs)
        self.up = nn.ModuleList(twice(a + b, b) for b, a in reversed(pairs[1:]))
        self.last = nn.Conv2d(CHANNELS[0], 1, 1)

    def forward(self, x):
        seen = []
        for i, block in enumerate(self.down):
            x = block(max_pool2d(x, 2) if i else x)
            seen.append(x)
        for block, beside in zip(self.up, reversed(seen[:-1]), strict=True):
            x = block(torch.cat((interpolate(x, scale_factor=2.0), beside), dim=1))
        return self.last(x)


def cross_entropy(z, y):
    return binary_cross_entropy_with_logits(z, y)


dice = MetricLoss(ss.f1, step=ss.Identity(), from_logits=True)
LOSSES = {
    "BCE": cross_entropy,
    "Dice": dice,
    "BCE + Dice": lambda z, y: cross_entropy(z, y) + dice(z, y),
}


def fit(loss, seed, epochs):
    """Return a U-Net that was trained on 192 images."""
    torch.manual_seed(seed)
    x, masks = images(192, seed)
    net = UNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(16):
            optimizer.zero_grad()
            loss(net(x[rows]), masks[rows]).backward()
            optimizer.step()
    return net.eval()


def score(net, seed):
    """Return the mean Dice of each of 128 other images."""
    of_images = MetricScore(ss.f1, axis=(1, 2, 3), from_logits=True)
    with torch.no_grad():
        for x, masks in zip(*(part.split(32) for part in images(128, 1000 + seed)), strict=True):
            of_images.update(net(x), masks)
    return float(of_images.compute())


seeds, epochs = map(int, sys.argv[1:] or (1, 10))
for name, loss in LOSSES.items():
    scores = [round(score(fit(loss, seed, epochs), seed), 2) for seed in range(seeds)]
    print(name, *scores)
