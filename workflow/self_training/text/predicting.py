"""What a transformer predicts: one way for a study, and for the models that come of it."""

from typing import Any

import numpy as np
import torch

from self_training.study.deployed_transformers import PREDICTION_BATCH


def lengths(ids: np.ndarray, pad: int) -> np.ndarray:
    """Return how many tokens texts have, up to the last that does not pad.

    Args:
        ids: (texts, length), of `text.tokens`.
        pad: the id that pads.
    """
    places = np.arange(1, ids.shape[1] + 1)
    return np.where(ids == pad, 0, places).max(axis=1)


def logits(network: Any, ids: np.ndarray, pad: int, bfloat16: bool = False) -> torch.Tensor:
    """Return the logits of some texts, padded to the longest of them; (texts, classes).

    Args:
        network: a classifier of `transformers`, or of `peft`; it is asked as it is, with dropout
            where it trains.
        ids, pad: of `lengths`.
        bfloat16: whether it computes in half of the precision where that may be.
    """
    device = network.device
    shown = torch.from_numpy(ids[:, : lengths(ids, pad).max()].astype(np.int64)).to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        outputs = network(input_ids=shown, attention_mask=(shown != pad).long())
    return outputs.logits.float()


def predict(
    network: Any,
    ids: np.ndarray,
    classes: int,
    pad: int,
    bfloat16: bool = False,
    batch_size: int = PREDICTION_BATCH,
) -> np.ndarray:
    """Return the class probabilities of texts without dropout, float32 (texts, classes).

    Those of about one length are predicted together, so that little is padded.

    Args: of `logits`.
    """
    probabilities = np.empty((len(ids), classes), np.float32)
    order = np.argsort(-lengths(ids, pad), kind="stable") if len(ids) else np.arange(0)
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            found = logits(network, ids[rows], pad, bfloat16).softmax(dim=1)
            probabilities[rows] = found.cpu().numpy()
    return probabilities
