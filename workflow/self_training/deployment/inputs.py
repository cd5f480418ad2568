"""What a path that is to be predicted holds: known by its suffix, opened by its reader."""

from pathlib import Path

from self_training.data.new_examples import list_examples
from self_training.deployment.model import Model
from self_training.errors import DatasetError
from self_training.image.csv_stream import open_csv
from self_training.image.streams import Stream, Wanted, open_archive, open_images

_OF_TEXTS = (".jsonl", ".txt")


def open_path(path: str, model: Model) -> Stream:
    """Return the examples of a path: a folder of images, an image, a NumPy archive or a CSV file.

    Raises: DatasetError, naming what is wrong with it.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if path == "-" or suffix in _OF_TEXTS:
        received = "standard input" if path == "-" else f"a {suffix} file"
        raise DatasetError(
            f"{path}: Expected images, as this is a model of images. Received {received}, which "
            "would be of texts."
        )
    files = list_examples(file)
    wanted = Wanted(model.height, model.width, model.channels, model.color_mode, model.image_size)
    if file.is_file() and suffix == ".npz":
        return open_archive(file, wanted)
    if file.is_file() and suffix == ".csv":
        return open_csv(file, wanted, model.pixel_columns, model.id_column)
    return open_images(files, file if file.is_dir() else file.parent, wanted)
