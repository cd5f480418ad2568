"""What benchmarks are run on: images, and the original CNN's settings."""

import numpy as np

BATCH = 32


def load(path: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Return images, uint8, and labels, int32, of an archive (x, y, as in resources/), or digits.

    Without a path they are scikit-learn's digits, 8x8x1.
    """
    if path:
        with np.load(path) as archive:
            return archive["x"], archive["y"].astype(np.int32)
    from sklearn.datasets import load_digits

    digits = load_digits()
    return np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., None], digits.target.astype(
        np.int32
    )


def settings(threads: int = 1, *, epochs: int | None = 1, steps: int | None = None, dropout=0):
    """Return training settings of the original CNN without input noise."""
    from self_training.study import methods, names
    from self_training.training.runs import TrainingSettings

    return TrainingSettings(
        backbone=names.BACKBONES["original_cnn"],
        epochs=epochs,
        steps=steps,
        batch_size=BATCH,
        learning_rate=0.001,
        scaling="none",
        **methods.DEFAULT_TRAINING,
        unlabeled_ratio=None,
        distillation=1,
        label_smoothing=0,
        noise=methods.NO_NOISE | {"dropout": dropout},
        threads=threads,
    )
