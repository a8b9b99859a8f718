"""Train on F1 with Keras: one file for all of its backends.

KERAS_BACKEND=torch python keras_fit.py
KERAS_BACKEND=jax python keras_fit.py
KERAS_BACKEND=tensorflow python keras_fit.py
"""

import tempfile
from pathlib import Path

import keras
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

import softset as ss
from softset_backends.keras import MetricLoss, MetricScore

# The positives are the threes, 10 % of all digits.
digits = load_digits()
x, x_test, y, y_test = train_test_split(
    (digits.data / 16).astype("float32"),
    digits.target == 3,
    test_size=0.3,
    stratify=digits.target == 3,
    random_state=0,
)

keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        keras.layers.Input((64,)),
        keras.layers.Dense(32, "relu"),
        keras.layers.Dense(1, "sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss=MetricLoss(ss.f1),
    metrics=[MetricScore(ss.f1)],
)
history = model.fit(
    x, y, batch_size=256, epochs=60, validation_data=(x_test, y_test), verbose=0
).history

# The score of the epoch, from hard counts of all its batches.
print(history["f1"][-1])  # -> about 0.97
print(history["val_f1"][-1])  # -> about 0.92

expected = f1_score(y_test, model.predict(x_test, verbose=0)[:, 0] >= 0.5)
print(abs(history["val_f1"][-1] - expected) < 1e-6)  # -> True

# The file holds the loss and the score with their options.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.keras"
    model.save(path)
    again = keras.models.load_model(path)
numbers = again.evaluate(x_test, y_test, verbose=0, return_dict=True)
print(abs(numbers["f1"] - expected) < 1e-6)  # -> True
