"""Fit a LightningModule on F1 by micro-batches, and log F1 of each epoch.

Run it with

    python lightning_fit.py
"""

import logging
import warnings

import lightning
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score
from torch.utils.data import DataLoader, TensorDataset

import softset as ss
from softset_backends.torch import MetricLoss, MetricScore, backward_in_parts

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="lightning")  # advice about workers of data loaders

digits = load_digits()
x = torch.tensor(digits.data / 16)
y = torch.tensor(digits.target == 3)
train, valid = TensorDataset(x[:1200], y[:1200]), TensorDataset(x[1200:], y[1200:])


class Classifier(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.network = torch.nn.Sequential(
            torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1), torch.nn.Flatten(0)
        )
        self.loss = MetricLoss(ss.f1, from_logits=True)
        self.score = MetricScore(ss.f1, from_logits=True)

    def training_step(self, batch, _):
        inputs, target = batch
        return self.loss(self.network(inputs), target)

    def validation_step(self, batch, _):
        inputs, target = batch
        self.score(self.network(inputs), target)
        self.log("f1", self.score, on_step=False, on_epoch=True)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


class InParts(Classifier):
    """The same with batches too large for the memory, by micro-batches of 64."""

    automatic_optimization = False

    def training_step(self, batch, _):
        parts = list(zip(*(tensor.split(64) for tensor in batch), strict=True))
        self.optimizers().zero_grad()
        backward_in_parts(self.loss, self.network, parts)
        self.optimizers().step()


def fit(kind, batch_size, accumulate=1):
    torch.manual_seed(0)
    model = kind().double()
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=20,
        accumulate_grad_batches=accumulate,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, DataLoader(train, batch_size), DataLoader(valid, 100))
    return model, trainer


def difference(model, other):
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    return max((a - b).abs().max().item() for a, b in pairs)


at_once, trainer = fit(Classifier, 256)
with torch.no_grad():
    hard = at_once.network(valid.tensors[0]) >= 0
print(f"{trainer.callback_metrics['f1']:.4f} {f1_score(valid.tensors[1], hard):.4f}")
in_parts, _ = fit(InParts, 256)
accumulated, _ = fit(Classifier, 64, accumulate=4)
print(f"{difference(in_parts, at_once):.6f} {difference(accumulated, at_once):.6f}")
# -> about 0.85 0.85
# -> about 0.000000 0.189389
