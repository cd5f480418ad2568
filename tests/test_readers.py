"""Folders of images and CSV files, as users have them."""

import json
import re
import subprocess

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import IFDRational
from self_training.data import datasets
from self_training.errors import DatasetError
from self_training.image.csv_reader import read_csv
from self_training.image.readers import read
from self_training.image.thumbnails import thumbnails


def write_images(folder, suffix=".png", classes=("cat", "dog"), size=(6, 8), mode="L", each=3):
    """Write random images, `each` per class, and return them in the order of their names."""
    rng = np.random.default_rng(0)
    written = []
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            shape = size if mode == "L" else (*size, 3)
            pixels = rng.integers(0, 256, shape, dtype=np.uint8)
            options = {"lossless": True} if suffix == ".webp" else {}
            Image.fromarray(pixels).save(folder / name / f"{number}{suffix}", **options)
            written.append(pixels.reshape(*size, -1))
    return np.stack(written)


def prepare(path, tmp_path, source, **settings):
    names = (
        "examples.npy",
        "labels.npy",
        "classes.json",
        "ids.json",
        "duplicates.json",
        "test_labels.npy",
    )
    outputs = [tmp_path / name for name in names]
    datasets.prepare(path, "data", {"source": source} | settings, read, thumbnails, *outputs)
    return np.load(outputs[0]), np.load(outputs[1]), json.loads(outputs[2].read_text())


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("suffix", [".png", ".PNG", ".webp"])
def test_folders_of_images(tmp_path, suffix, mode):
    written = write_images(tmp_path / "pets", suffix, mode=mode)
    (tmp_path / "pets/cat/.hidden").write_text("")
    (tmp_path / "pets/README.md").write_text("")
    images, labels, names = prepare(tmp_path / "pets", tmp_path, "images")
    # WebP knows only colors.
    expected = written if suffix != ".webp" else np.broadcast_to(written, (*written.shape[:3], 3))
    np.testing.assert_array_equal(images, expected)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1] and names == ["cat", "dog"]


def test_jpeg_images(tmp_path):
    folder = tmp_path / "pets"
    for name, gray in (("cat", 40), ("dog", 200)):
        (folder / name).mkdir(parents=True)
        Image.new("L", (8, 6), gray).save(folder / name / "1.jpeg")
    images, _, _ = prepare(folder, tmp_path, "images")
    assert images.shape == (2, 6, 8, 1)
    assert images.mean(axis=(1, 2, 3)).round().tolist() == [40, 200]


def test_images_of_some_classes_are_the_only_ones_read(tmp_path):
    written = write_images(tmp_path / "pets", classes=("ant", "cat", "dog"))
    (tmp_path / "pets/ant/0.png").write_bytes(b"no image")
    images, labels, names = prepare(tmp_path / "pets", tmp_path, "images", classes=["dog", "cat"])
    np.testing.assert_array_equal(images, written[3:])
    assert labels.tolist() == [1, 1, 1, 0, 0, 0] and names == ["dog", "cat"]


def test_images_are_resized_and_converted_as_the_config_says(tmp_path):
    write_images(tmp_path / "pets", mode="RGB")
    Image.new("L", (20, 30), 77).save(tmp_path / "pets/cat/0.png")
    settings = {"image_size": [4, 5], "color_mode": "rgb"}
    images, _, _ = prepare(tmp_path / "pets", tmp_path, "images", **settings)
    assert images.shape == (6, 4, 5, 3) and (images[0] == 77).all()
    images, _, _ = prepare(
        tmp_path / "pets", tmp_path, "images", image_size=[4, 5], color_mode="grayscale"
    )
    assert images.shape == (6, 4, 5, 1)


def test_transparent_images_are_seen_on_white(tmp_path):
    """Black strokes on nothing are not a black image."""
    folder = tmp_path / "pets"
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        image = Image.new("RGBA", (8, 6), (0, 0, 0, 0))
        image.putpixel((3, 2), (0, 0, 0, 255))
        image.putpixel((4, 2), (0, 0, 0, 51))
        image.save(folder / name / "1.png")
    images, _, _ = prepare(folder, tmp_path, "images", color_mode="grayscale")
    assert images[0, 2, 3, 0] == 0 and images[0, 2, 4, 0] == 204 and images[0, 0, 0, 0] == 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_undone_as_pillow_does(tmp_path, orientation):
    folder = tmp_path / "pets"
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x011A] = IFDRational(72)
    # A resolution that is a text; Pillow's own exif_transpose fails on it.
    spoiled = exif.tobytes().replace(b"\x01\x1a\x00\x05", b"\x01\x1a\x00\x02")
    assert spoiled != exif.tobytes()
    pixels = np.arange(48, dtype=np.uint8).reshape(6, 8)
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        Image.fromarray(pixels).save(folder / name / "1.png", exif=spoiled)
    images, _, _ = prepare(folder, tmp_path, "images")
    plain = Image.Exif()
    plain[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "plain.png", exif=plain)
    with Image.open(tmp_path / "plain.png") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(images[0, ..., 0], expected)


def test_numbers_as_names_of_classes(tmp_path):
    """Folders are in the order of numbers, and a number that could be two classes is refused."""
    write_images(tmp_path / "a", classes=[str(number) for number in range(12)], each=1)
    _, _, names = prepare(tmp_path / "a", tmp_path, "images", classes=[2, 10])
    assert names == ["2", "10"]
    write_images(tmp_path / "b", classes=("1", "2", "3"))
    _, _, names = prepare(tmp_path / "b", tmp_path, "images", classes=["1", "2"])
    assert names == ["1", "2"]
    with pytest.raises(DatasetError, match="Received 1: class '1' is not the 1th.* in quotes"):
        prepare(tmp_path / "b", tmp_path, "images", classes=[1, 2])


def test_images_are_turned_as_they_are_shown(tmp_path):
    folder = tmp_path / "pets"
    write_images(folder, ".png", each=1, size=(6, 8))
    exif = Image.Exif()
    exif[0x0112] = 6  # Turn by a quarter.
    Image.new("L", (6, 8), 9).save(folder / "cat/0.png", exif=exif)
    images, _, _ = prepare(folder, tmp_path, "images")
    assert images.shape == (2, 6, 8, 1)


def damage(path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda pets: damage(pets / "dog/1.png"), "dog/1.png: Expected an image, .* replace or"),
        (lambda pets: (pets / "dog/1.png").write_bytes(b""), "dog/1.png: Expected an image"),
        (
            lambda pets: Image.new("L", (9, 6)).save(pets / "dog/1.png"),
            r"dog/1.png: Expected an image of 6 x 8 .* as .*cat/0.png. Received 6 x 9. Set image_s",
        ),
        (
            lambda pets: Image.new("RGB", (8, 6)).save(pets / "dog/1.png"),
            "dog/1.png: Expected a grayscale image, .*Received a color one. Set color_mode",
        ),
        (
            lambda pets: Image.new("I;16", (8, 6)).save(pets / "dog/1.png"),
            "dog/1.png: Expected an image of 8 bits .* Received mode I;16",
        ),
        (lambda pets: (pets / "dog/1.bmp").touch(), "dog/1.bmp: Expected nothing but images"),
        (lambda pets: (pets / "dog/more").mkdir(), "dog/more: Expected nothing but images"),
        (lambda pets: (pets / "ant").mkdir(), "Expected examples of class 'ant'. Received none"),
        (
            lambda pets: Image.new("L", (8, 6)).save(pets / "1.png"),
            "pets: Expected images in sub-folders, .* Received the image 1.png beside them",
        ),
        (
            lambda pets: (pets / "dog ").mkdir(),
            "names. Received 'dog' more than once",
        ),
    ],
)
def test_wrong_folders_are_told_what_is_wrong(tmp_path, spoil, message):
    write_images(tmp_path / "pets")
    spoil(tmp_path / "pets")
    with pytest.raises(DatasetError, match=message):
        prepare(tmp_path / "pets", tmp_path, "images")
    assert not list(tmp_path.glob("images*")), "half a dataset was left behind"


def test_a_folder_without_classes(tmp_path):
    (tmp_path / "pets").mkdir()
    with pytest.raises(DatasetError, match="pets: Expected images in sub-folders.* no sub-folder"):
        prepare(tmp_path / "pets", tmp_path, "images")


def test_names_that_only_look_alike_are_one_class_too_many(tmp_path):
    write_images(tmp_path / "pets", classes=("caf\u00e9", "cafe\u0301"))
    with pytest.raises(DatasetError, match="Expected different class names"):
        prepare(tmp_path / "pets", tmp_path, "images")


def test_checksum_of_a_folder_is_the_one_of_the_docs(tmp_path):
    write_images(tmp_path / "pets")
    for litter in ("README.md", "cat/.hidden"):
        (tmp_path / "pets" / litter).touch()
    docs = (ROOT / "docs/data.md").read_text()
    (command,) = re.findall(r"`cd FOLDER && (find .* sha256sum)`", docs)
    output = subprocess.run(
        command, shell=True, cwd=tmp_path / "pets", capture_output=True, text=True, check=True
    )
    sha256 = output.stdout.split()[0]
    prepare(tmp_path / "pets", tmp_path, "images", sha256=sha256)
    Image.new("L", (8, 6)).save(tmp_path / "pets/dog/1.png")
    with pytest.raises(DatasetError, match=f"pets: Expected the SHA-256 {sha256}"):
        prepare(tmp_path / "pets", tmp_path, "images", sha256=sha256)


def write_csv(tmp_path, text, **how):
    path = tmp_path / "data.csv"
    path.write_text(text, **how)
    return path


PLAIN = "label,a,b,c,d\n3,1,2,3,4\n1,5,6,7,8\n3,9,10,11,255\n"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN + "\n\n",
        PLAIN.replace("label,a", 'label,"a, b"').replace("\n3,", '\n"3",'),
        "a,b,label,c,d\n1,2,3,3,4\n5,6,1,7,8\n9,10,3,11,255\n",
    ],
)
def test_csv_files(tmp_path, text):
    path = write_csv(tmp_path, text)
    images, labels, names = prepare(path, tmp_path, "csv", label_column="label")
    assert images.dtype == np.uint8
    assert images[..., 0].tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 255]]]
    assert labels.tolist() == [1, 0, 1] and names == ["1", "3"]


def test_numbers_are_sorted_as_numbers_and_texts_as_texts(tmp_path):
    rows = "".join(f"{label},0\n" for label in (10, 9, 100))
    _, labels, names = prepare(
        write_csv(tmp_path, "label,a\n" + rows), tmp_path, "csv", label_column="label"
    )
    assert names == ["9", "10", "100"] and labels.tolist() == [1, 0, 2]
    text = 'label,a\ncat,0\n" ant",0\n"bee, honey",0\n'
    _, labels, names = prepare(write_csv(tmp_path, text), tmp_path, "csv", label_column="label")
    assert names == ["ant", "bee, honey", "cat"] and labels.tolist() == [2, 0, 1]


@pytest.mark.parametrize("labels", ["0 2 1 0", "x z y x"])
def test_class_names_of_csv_files(tmp_path, labels):
    rows = "".join(f"{label},0\n" for label in labels.split())
    path = write_csv(tmp_path, "label,a\n" + rows)
    settings = {"label_column": "label", "class_names": ["x", "y", "z"]}
    _, codes, names = prepare(path, tmp_path, "csv", **settings)
    assert codes.tolist() == [0, 2, 1, 0] and names == ["x", "y", "z"]


def test_color_in_csv_files_is_pixel_by_pixel(tmp_path):
    header = "label," + ",".join(f"p{index}" for index in range(12))
    path = write_csv(tmp_path, f"{header}\n0,{','.join(map(str, range(12)))}\n1{',0' * 12}\n")
    images, _, _ = prepare(path, tmp_path, "csv", label_column="label")
    np.testing.assert_array_equal(images[0], np.arange(12).reshape(2, 2, 3))
    images, _, _ = prepare(path, tmp_path, "csv", label_column="label", image_size=[3, 4])
    assert images.shape == (2, 3, 4, 1)


@pytest.mark.filterwarnings("ignore:loadtxt:UserWarning")
@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        (PLAIN, {"label_column": "class"}, r"Expected the column 'class' .* columns: label, a, b"),
        (PLAIN.replace("6", "x"), {}, "Received 'x' in data row 2, column 'b'"),
        (
            PLAIN.replace("6", "256"),
            {},
            "from 0 to 255 .* Received '256' in data row 2",
        ),
        (PLAIN.replace("6", "-6"), {}, "Received '-6' in data row 2, column 'b'"),
        (PLAIN.replace("6", "6.5"), {}, "Received '6.5' in data row 2, column 'b'"),
        (PLAIN.replace("6", ""), {}, "Received nothing in data row 2, column 'b'"),
        (PLAIN.replace(",6", ""), {}, "Expected 5 values in every row. Received 4 in data row 2"),
        (PLAIN.replace(",6", ",6,6"), {}, "Expected 5 values in every row. Received 6 in data row"),
        (
            PLAIN.replace("label", "label,e"),
            {},
            "Expected the pixel columns of square .* Received 5",
        ),
        (PLAIN.replace("label", "label,e"), {"image_size": [1, 5]}, "Expected 6 .* Received 5"),
        (PLAIN, {"image_size": [3, 3]}, "Expected 9 pixel columns .* Received 4"),
        (
            PLAIN,
            {"class_names": ["a", "b", "c"]},
            "label from 0 to 2, .* Received '3' in data row",
        ),
        (PLAIN, {"class_names": ["1", "2"]}, "Received '3' in data row 1"),
        (
            PLAIN,
            {"class_names": ["a", "b", "c", "d", "e"]},
            "Expected examples of class 'a'. Received none",
        ),
        (PLAIN.replace("\n1,5,6,7,8", "\n1,5,6,7,8,"), {}, "Expected 5 values in every row. Rec"),
        (
            "label,a\n0,1,\n1,2,\n",
            {},
            "Expected 2 values in every row, one per.* data row 1",
        ),
        ("a,label\n1\n2\n", {}, "Expected 2 values in every row. Received fewer"),
        (PLAIN.replace("\n1,", "\n03,"), {}, "Expected every number written in one way"),
        ("label,a,b,c,d\n", {}, "Expected a row per image"),
        ("", {}, "Expected the column 'label' .* columns: none"),
        (PLAIN.replace("label", "l\x00bel"), {}, "Expected the column 'label'|Expected a CSV"),
    ],
)
def test_wrong_csv_files_are_told_what_is_wrong(tmp_path, text, settings, message):
    path = write_csv(tmp_path, text)
    with pytest.raises(DatasetError, match=f"{path}: .*{message}"):
        prepare(path, tmp_path, "csv", **{"label_column": "label"} | settings)
    assert not list(tmp_path.glob("images*")), "half a dataset was left behind"


def test_csv_files_in_another_encoding(tmp_path):
    path = write_csv(tmp_path, PLAIN.replace("3,", "\u00e9,"), encoding="latin-1")
    with pytest.raises(DatasetError, match="Received the byte 0xe9 in line 2"):
        prepare(path, tmp_path, "csv", label_column="label")


def test_a_truncated_csv_file(tmp_path):
    path = write_csv(tmp_path, PLAIN[:-9])
    with pytest.raises(
        DatasetError, match="Expected 5 values in every row. Received 3 in data row"
    ):
        prepare(path, tmp_path, "csv", label_column="label")


def test_a_label_is_no_pixel(tmp_path):
    """Pixels of a file without a header may be called like the label, but not be it."""
    path = tmp_path / "a.csv"
    path.write_text("1,p0,p1,p2,1\n1,9,9,9,1\n0,8,8,8,0\n")
    with pytest.raises(DatasetError, match="Received the same column again, as the 5th"):
        read_csv(path, "1")
    path.write_text("0,0,0,0,0\n1,9,9,9,1\n0,8,8,8,1\n")
    assert read_csv(path, "0").y.tolist() == [1, 0]
