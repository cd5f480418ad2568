"""Images that benchmarks are run on."""

import numpy as np


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
