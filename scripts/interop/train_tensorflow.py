"""Trains a small network with TensorFlow, and writes it as ONNX with its own answers to FOLDER.

Runs in an environment of its own (requirements/tensorflow.txt).
"""

from __future__ import annotations

import sys
from pathlib import Path

import tensorflow as tf
from rows import reference, training, write

EPOCHS, RATE = 300, 0.05


def network() -> tf.keras.Model:
    """Return three findings, four hidden units, one probability."""
    return tf.keras.Sequential(
        [
            tf.keras.Input((3,), name="x"),
            tf.keras.layers.Dense(4, activation="tanh"),
            tf.keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def main(folder: Path) -> None:
    """Train, export, and write what TensorFlow says of the reference rows."""
    tf.keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    model, (design, outcome) = network(), training()
    model.compile(optimizer=tf.keras.optimizers.Adam(RATE), loss="binary_crossentropy")
    model.fit(design, outcome, epochs=EPOCHS, batch_size=len(design), verbose=0)
    model.export(str(folder / "tensorflow.onnx"), format="onnx", verbose=False)
    write(folder / "tensorflow.csv", model.predict(reference(), verbose=0)[:, 0].tolist())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
