"""What a path that is to be predicted holds: known by its suffix, opened by its reader."""

from pathlib import Path

from self_training.data.sources import FOLDERS
from self_training.deployment.model import Model
from self_training.errors import DatasetError
from self_training.image.csv_stream import open_csv
from self_training.image.streams import Stream, Wanted, open_archive, open_images

_OF_TEXTS = (".jsonl", ".txt")


def open_path(path: str, model: Model) -> Stream:
    """Return the examples of a path: a folder of images, an image, a NumPy archive or a CSV file.

    Raises: DatasetError, naming what is wrong with it.
    """
    file, images = Path(path), FOLDERS["images"].suffixes
    suffix = file.suffix.lower()
    if path == "-" or suffix in _OF_TEXTS:
        received = "standard input" if path == "-" else f"a {suffix} file"
        raise DatasetError(
            f"{path}: Expected images, as this is a model of images. Received {received}, which "
            "would be of texts."
        )
    if not file.exists():
        raise DatasetError(f"{path}: Expected an existing file or folder. Received no such path.")
    size = (model.height, model.width, model.channels)
    wanted = Wanted(*size, model.color_mode, model.image_size)
    if file.is_dir() or suffix in images:
        return open_images(file, wanted)
    if suffix == ".npz":
        return open_archive(file, wanted)
    if suffix == ".csv":
        return open_csv(file, wanted, model.pixel_columns, model.id_column)
    raise DatasetError(
        f"{path}: Expected a folder of images, or a file that ends in {', '.join(images)}, .npz or "
        f".csv. Received '{file.suffix}'."
    )
