"""A campaign of malformed files of examples: each gets one message that names it, and nothing that
is half written is left."""

import numpy as np
import pytest
from PIL import Image
from self_training.errors import DatasetError
from self_training.image.streams import open_path
from test_readers import prepare, write_images

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 6\n(a) (w) file closefile\nshowpage\n"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO", "TGA", "JPEG2000", "PS"])
def test_images_of_other_formats_under_a_name_that_is_not_theirs(tmp_path, kind):
    """Pillow hands some to other programs, of which Ghostscript runs what stands in a file."""
    folder = tmp_path / "pets"
    write_images(folder, each=1)
    path = folder / "dog/0.png"
    if kind == "PS":
        path.write_bytes(POSTSCRIPT)
    else:
        Image.new("L", (8, 6), 9).save(path, kind)
    message = "dog/0.png: Expected an image, as PNG, JPEG or WebP. .* Convert, replace or remove"
    with pytest.raises(DatasetError, match=message):
        prepare(folder, tmp_path, "images")
    assert not list(tmp_path.glob("*.npy"))
    for new in (folder, path):
        with pytest.raises(DatasetError, match=message):
            list(open_path(new, (6, 8, 1), {}).chunks(9))


def test_formats_that_are_images_under_another_s_name(tmp_path):
    """A phone's JPEG may hold several (MPO); what is called .png may be WebP."""
    folder = tmp_path / "pets"
    write_images(folder, each=1)
    image = Image.new("L", (8, 6), 9)
    image.save(folder / "cat/0.png", "WEBP", lossless=True)
    image.save(folder / "dog/0.png", "MPO", save_all=True, append_images=[image])
    images, _, _ = prepare(folder, tmp_path, "images", color_mode="grayscale")
    assert np.abs(images.astype(int) - 9).max() <= 1
