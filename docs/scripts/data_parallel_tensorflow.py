"""Train on two replicas, with shards of different sizes, and compare with one.

python data_parallel_tensorflow.py
"""

import tensorflow as tf
from sklearn.datasets import load_digits

import softset as ss
from softset_backends.tensorflow import all_reduce

# Two replicas out of one CPU; with GPUs MirroredStrategy() takes them all.
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
replicas = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
one = tf.distribute.OneDeviceStrategy("CPU:0")

digits = load_digits()
data = tf.data.Dataset.from_tensor_slices((digits.data / 16, digits.target == 3)).batch(599)
loss = ss.as_loss(ss.f1, from_logits=True)


def fit(strategy, reduce=None):
    with strategy.scope():
        tf.keras.utils.set_random_seed(0)
        layers = tf.keras.layers
        model = tf.keras.Sequential(
            [
                layers.Input((64,), dtype="float64"),
                layers.Dense(32, "relu", dtype="float64"),
                layers.Dense(1, dtype="float64"),
            ]
        )
        optimizer = tf.keras.optimizers.SGD(0.5, momentum=0.9)
        optimizer.build(model.trainable_variables)

    def step(x, y):
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True)[:, 0], reduce=reduce)
            # Without reduce, the usual mean over replicas.
            term = value if reduce else value / strategy.num_replicas_in_sync
        gradients = tape.gradient(term, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value

    @tf.function
    def run(x, y):
        return strategy.run(step, args=(x, y))

    for _ in range(10):
        for batch in strategy.experimental_distribute_dataset(data):
            values = run(*batch)
    values = [float(value) for value in strategy.experimental_local_results(values)]
    return values, [variable.numpy() for variable in model.trainable_variables]


(value,), variables = fit(one)
for reduce in (all_reduce, None):
    values, others = fit(replicas, reduce)
    apart = max(abs(a - b).max() for a, b in zip(others, variables, strict=True))
    print(" ".join(f"{abs(v - value):.7f}" for v in values), f"{apart:.7f}")
# -> 0.0000000 0.0000000 0.0000000
# -> 0.0969668 0.1200944 0.0803831
