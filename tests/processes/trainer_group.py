"""A tiny BERT and Hugging Face's Trainer, alone or as one process of a group.

torchrun --nproc-per-node 2 trainer_group.py FOLDER
"""

import os
import sys
from pathlib import Path

import torch
import transformers

import softset as ss
from softset_backends.torch import all_reduce
from tests.processes.docs_pages import blocks

PAGE = Path(__file__).parents[2] / "docs" / "loops" / "hugging-face.md"
ROWS, LENGTH, LABELS, VOCABULARY = 24, 6, 3, 20
LOSSES = {
    "macro f1": ss.as_loss(ss.macro(ss.f1), axis=0, from_logits=True),
    "mcc": ss.as_loss(ss.matthews_corrcoef, from_logits=True),
}
MACRO = LOSSES["macro f1"]


def shown():
    """Return the subclass of Trainer that the page shows."""
    (code,) = (code for _, code in blocks(PAGE.read_text("utf-8")) if "class ExactTrainer" in code)
    namespace = {"__name__": "page"}
    exec(compile(code, str(PAGE), "exec"), namespace)
    return namespace["ExactTrainer"]


def data():
    generator = torch.Generator().manual_seed(3)
    tokens = torch.randint(VOCABULARY, (ROWS, LENGTH), generator=generator)
    labels = (tokens[:, :LABELS] < VOCABULARY // 3).float()
    return tokens, labels


TOKENS, Y = data()


def network(*, dropout=0.0):
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=LENGTH,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=0.3,  # scores that differ, of a network that has learned nothing
        num_labels=LABELS,
        problem_type="multi_label_classification",
    )
    return transformers.BertForSequenceClassification(config)


class Gradients(transformers.TrainerCallback):
    """Keeps the gradient that each step of the optimizer is given."""

    def __init__(self):
        self.found = []

    def on_pre_optimizer_step(self, args, state, control, model, **others):
        self.found.append(gradient(model))


def gradient(model):
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def train(kind, folder, model, *, size=ROWS, labels=Y, options=None, **arguments):
    """Return the trainer after one epoch, and the gradients of its steps of the optimizer."""
    defaults = {"gradient_accumulation_steps": -(-ROWS // size), "num_train_epochs": 1}
    defaults |= {"learning_rate": 0.0, "max_grad_norm": 0.0, "logging_steps": 1}
    defaults |= {"use_cpu": True, "save_strategy": "no", "disable_tqdm": True}
    arguments = transformers.TrainingArguments(
        str(folder), per_device_train_batch_size=size, **defaults | arguments
    )
    rows = [{"input_ids": x, "labels": y} for x, y in zip(TOKENS, labels, strict=True)]
    kept = Gradients()
    trainer = kind(
        model, arguments, train_dataset=rows, eval_dataset=rows, callbacks=[kept], **options or {}
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    return trainer, kept.found


def logged(trainer):
    """Return the loss that was logged for the first step: the Trainer adds up in float32."""
    return trainer.state.log_history[0]["loss"]


def in_a_group(folder):
    """Train as one process of a group, and write what it logged and its gradient."""

    class Together(shown()):
        def counts(self, model, labels, **inputs):
            return all_reduce(super().counts(model, labels, **inputs))

    trainer, (found,) = train(
        Together,
        folder,
        network().double(),
        size=3,
        options={"loss": MACRO},
        gradient_accumulation_steps=4,
        ddp_backend="gloo",
    )
    torch.save((logged(trainer), found), folder / f"{os.environ['RANK']}.pt")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    in_a_group(Path(sys.argv[1]))
