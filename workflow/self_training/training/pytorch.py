"""PyTorch: its start, and what there is to say of it. Transformers are trained with it."""

import os
import platform
import sys

import torch

from self_training import gpus

# What the file of a network ends in.
NETWORK = ".safetensors"
# A deterministic cuBLAS wants it, before it starts.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def start_framework(threads: int) -> None:
    """Limit PyTorch to some threads, and ask it for deterministic operations.

    Must be called before the first operation.
    """
    gpus.take()
    torch.set_num_threads(threads)
    # Where there is no such operation on a GPU, the log has a warning.
    torch.use_deterministic_algorithms(True, warn_only=True)


def device() -> torch.device:
    """Return what computes: a GPU, if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe_framework() -> dict[str, str]:
    """Return versions and device, for the record of a training job."""
    others = [name for name in ("transformers", "peft") if name in sys.modules]
    versions = {name: str(sys.modules[name].__version__) for name in ("torch", *others)}
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return {"backend": "torch"} | versions | {"host": platform.node(), "device": name}
