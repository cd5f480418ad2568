"""Where a program that shows images finds one: its file, or the image itself."""

import base64
import io
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image


def address(image: np.ndarray, name: str, source: dict, reading: dict | None = None) -> str:
    """Return the address of an image for Label Studio.

    Args:
        image: uint8 (height, width, channels).
        name: what the dataset calls it: of a folder, the file relative to it.
        source: settings of the dataset.
        reading: of `wanted.reading`; an image has no names in it.

    Returns: of an image in a folder, `/data/local-files/?d=` and the path of its file, which Label
        Studio serves when it is told to; of any other, the image itself as a PNG data URI.
    """
    if source["source"] == "images":
        folders = [Path(source[key]) for key in ("unlabeled", "path") if key in source]
        # A name may begin with that of its folder, where others have the same without.
        files = [folder / name for folder in (*folders, folders[0].parent)]
        file = next((file for file in files if file.is_file()), files[len(folders) - 1])
        # As in a URI, in which a space is %20.
        quoted = PurePosixPath("/", file.as_posix()).as_uri().removeprefix("file:///")
        return f"/data/local-files/?d={quoted}"
    pixels = image[..., 0] if image.shape[2] == 1 else image
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
