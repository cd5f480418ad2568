"""A campaign of malformed files of examples: each gets one message that names it, and nothing that
is half written is left."""

import io
import os
from types import SimpleNamespace
from zipfile import ZipFile

import numpy as np
import openpyxl
import pytest
from PIL import Image
from self_training import storage
from self_training.data import prepared, sources
from self_training.data.archives import make_archive
from self_training.data.split import Split, load_split
from self_training.errors import DatasetError, StudyError
from self_training.image import readers
from self_training.image.streams import open_path
from self_training.methods.noisy_student import slice_of
from self_training.report import workbook
from self_training.study import kinds
from self_training.study.candidates import Candidate
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


FOUR = "label,a,b,c,d\n"
LABELS = {
    "nan": (
        ["0", "nan", "1", "0"],
        "Expected labels. Received 'nan' in data row 2. Leave the cell",
    ),
    "NaN among words": (["x", "y", "y", "NaN"], "Received 'NaN' in data row 4"),
    "NA": (["x", "NA", "y", "x"], "Received 'NA' in data row 2. .* name it in class_names"),
    "null": (["null", "0", "1", "0"], "Received 'null' in data row 1"),
    "<NA>": (["<NA>", "0", "1", "0"], "Received '<NA>' in data row 1"),
    "1 and 1.0": (
        ["1", "1.0", "0", "0"],
        ".*every number written in one way. .*'1' and '1.0'|whole numbers. Received 1.0",
    ),
    "1 and 01": (["1", "01", "0", "0"], "every number written in one way. .*'01' and '1'"),
    "1 and +1": (["1", "+1", "0", "0"], "every number written in one way. .*'\\+1' and '1'"),
    "0 and -0": (["1", "0", "-0", "0"], "every number written in one way. .*'-0' and '0'"),
    "1. and 1, beside words": (["1.", "1", "x", "x"], "every number written .*'1' and '1.'"),
}


@pytest.mark.parametrize("kind", ["images", "vectors", "texts"])
@pytest.mark.parametrize("name", LABELS)
def test_labels_that_are_none_or_twice(tmp_path, name, kind):
    labels, message = LABELS[name]
    path = tmp_path / "data.csv"
    path.write_text(FOUR + "".join(f"{label},1,2,3,{row}\n" for row, label in enumerate(labels)))
    settings = {"kind": kind, "source": "csv", "path": str(path), "label_column": "label"}
    if kind == "texts":
        settings["text_columns"] = ["a", "d"]
    with pytest.raises(DatasetError, match=f"data.csv: .*({message})"):
        kinds.read(path, settings)
    named = settings | {"classes": [*dict.fromkeys(labels)]}
    if "number" not in message:
        assert kinds.read(path, named).y.min() == 0


def test_labels_that_pandas_has_made_floating_point(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(FOUR + "1.0,1,2,3,4\n-1.0,1,2,3,4\n0.0,1,2,3,4\n,1,2,3,4\n")
    settings = {"source": "csv", "path": str(path), "label_column": "label"}
    with pytest.raises(DatasetError, match="Received 1.0 in data row 1. .* as whole numbers"):
        kinds.read(path, settings)


COLUMNS = {
    "an index": (",label,a,b,c\n0,x,1,2,3\n1,y,1,2,4\n", "Received one without a name, as pandas"),
    "an index at the end": ("label,a,b,c,\nx,1,2,3,0\ny,1,2,4,1\n", "Received one without a name"),
    "an index that was read again": (
        "Unnamed: 0,label,a,b,c\n0,x,1,2,3\n1,y,1,2,4\n",
        "Received one 'Unnamed: 0', as pandas writes .* Leave it out",
    ),
    "labels twice": (
        "label,a,b,c,label\nx,1,2,3,1\ny,1,2,4,2\n",
        "Expected one column 'label' .label_column.. Received 2. Leave",
    ),
}


@pytest.mark.parametrize("kind", ["images", "vectors"])
@pytest.mark.parametrize("name", COLUMNS)
def test_columns_that_are_no_pixels_and_no_features(tmp_path, name, kind):
    text, message = COLUMNS[name]
    path = tmp_path / "data.csv"
    path.write_text(text)
    settings = {"kind": kind, "source": "csv", "path": str(path), "label_column": "label"}
    with pytest.raises(DatasetError, match=f"data.csv: .*{message}"):
        kinds.read(path, settings)


def test_columns_without_any_name_are_pixels(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("label,,,,\nx,1,2,3,4\ny,1,2,4,5\n")
    settings = {"source": "csv", "path": str(path), "label_column": "label"}
    assert kinds.read(path, settings).load(np.arange(2)).shape == (2, 2, 2, 1)


FOLDERS = {
    "1 and 01": (lambda pets: (pets / "01").mkdir(), "Received the folders '01' and '1'. Rename"),
    "a class that is a broken link": (
        lambda pets: (pets / "3").symlink_to("nowhere"),
        "pets/3: Expected a file or folder. Received a link to nowhere, .* Mend or remove it",
    ),
    "a class that is a link to itself": (
        lambda pets: (pets / "3").symlink_to("3"),
        "pets/3: Expected a file or folder. Received a link to 3, .* Mend or remove",
    ),
    "an image that is a broken link": (
        lambda pets: (pets / "1/9.png").symlink_to("nowhere.png"),
        "pets/1/9.png: Expected a file or folder. Received a link to nowhere.png",
    ),
    "an image that is a link to itself": (
        lambda pets: (pets / "1/9.png").symlink_to("9.png"),
        "pets/1/9.png: Expected a file or folder. Received a link to 9.png",
    ),
    "a broken link among unlabeled images": (
        lambda pets: (pets / "unlabeled/9.png").symlink_to("nowhere.png"),
        "unlabeled/9.png: Expected a file or folder. Received a link to nowhere.png",
    ),
    "a folder that is in itself": (
        lambda pets: (pets / "unlabeled/more").symlink_to(".."),
        "unlabeled/more/unlabeled: Expected a folder. Received a link to .*unlabeled, which it is",
    ),
    "a pipe": (lambda pets: os.mkfifo(pets / "1/9.png"), "9.png: .* Received a pipe, a socket or"),
    "a pipe among unlabeled images": (
        lambda pets: os.mkfifo(pets / "unlabeled/9.png"),
        "9.png: .* Received a pipe, a socket or a device. Remove it",
    ),
    "a pipe that is a class": (lambda pets: os.mkfifo(pets / "3"), "pets/3: .* Received a pipe"),
    "a folder that is called an image": (
        lambda pets: (pets / "1/9.png").mkdir(),
        "pets/1/9.png: Expected nothing but images here",
    ),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_folders_with_what_is_no_file(tmp_path, name):
    spoil, message = FOLDERS[name]
    write_images(tmp_path / "pets", classes=("1", "2", "unlabeled"))
    spoil(tmp_path / "pets")
    settings = {"source": "images", "path": str(tmp_path / "pets")}
    for look in (
        lambda: sources.fingerprint(settings),
        lambda: prepare(tmp_path / "pets", tmp_path, "images"),
    ):
        with pytest.raises(DatasetError, match=message):
            look()
    assert not list(tmp_path.glob("*.npy"))


def test_links_are_followed(tmp_path):
    """Nothing of a folder is left out because it lies elsewhere."""
    write_images(tmp_path / "pets", classes=("1", "unlabeled"))
    write_images(tmp_path / "more", classes=("2", "others"))
    (tmp_path / "pets/2").symlink_to(tmp_path / "more/2")
    (tmp_path / "pets/unlabeled/others").symlink_to(tmp_path / "more/others")
    (tmp_path / "pets/unlabeled/again").symlink_to(tmp_path / "more/others")
    _, labels, names = prepare(tmp_path / "pets", tmp_path, "images")
    assert names == ["1", "2"] and labels.tolist() == [0] * 3 + [1] * 3 + [-1] * 9


IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1), dtype=np.uint8)
ARCHIVE = {"x": IMAGES, "y": np.array([0, 1] * 3), "class_names": np.array(["a", "b"])}
ARRAYS = {
    "spans of time": (
        {"y": np.array([0, 1] * 3, "m8[s]")},
        r"y as integers of shape .* Received timedelta64\[s\]",
    ),
    "points of time": ({"y": np.array([0, 1] * 3, "M8[s]")}, "y as integers of shape"),
    "objects for images": (
        {"x": IMAGES.astype(object)},
        r"numbers in x. Received Python objects .dtype object.* Convert .* x.astype\(int",
    ),
    "objects for labels": (
        {"y": np.array([0, 1] * 3, object)},
        r"numbers in y. Received Python ob",
    ),
    "objects for names": (
        {"class_names": np.array(["a", "b"], object)},
        r"strings in class_names. Received Python objects .* by class_names.astype\(str",
    ),
    "no height": (
        {"x": IMAGES[:, :0]},
        "images x with pixels. Received x of shape .6, 0, 8, 1., of",
    ),
    "no width": ({"x": IMAGES[:, :, :0]}, "images x with pixels. Received x of shape .6, 8, 0, 1"),
    "no channels": ({"x": IMAGES[..., :0]}, "with 1 channel .* Received 0"),
    "an empty class name": ({"class_names": np.array(["a", ""])}, "that can be read.* Received ''"),
    "a blank class name": (
        {"class_names": np.array(["a", " "])},
        "that can be read.* Received ' '",
    ),
    "a class name that rings": (
        {"class_names": np.array(["a", "b\x07"])},
        r"that can be read, in UTF-8. Received 'b\\x07'. Rename",
    ),
    "a class name that is none": (
        {"class_names": np.array(["a", "\ud800"])},
        r"that can be read, in UTF-8. Received '\\ud800'. Rename",
    ),
    "a class name of two lines": (
        {"class_names": np.array(["a\nb", "b"])},
        r"that can be read, in UTF-8. Received 'a\\nb'. Rename",
    ),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_archives_of_what_is_no_image_or_no_class(tmp_path, name):
    changes, message = ARRAYS[name]
    path = tmp_path / "data.npz"
    np.savez(path, **ARCHIVE | changes)
    with pytest.raises(DatasetError, match=f"data.npz: Expected .*{message}"):
        prepare(path, tmp_path, "npz")
    assert not list(tmp_path.glob("*.npy"))


def test_names_of_files_that_are_not_in_utf_8(tmp_path):
    for where in (b"\xe9", b"1/\xe9.png", b"unlabeled/\xe9.png", b"1/\x07.png"):
        folder = tmp_path / where.hex() / "pets"
        write_images(folder, classes=("1", "2", "unlabeled"))
        wrong = os.path.join(os.fsencode(folder), where)
        if where.endswith(b".png"):
            os.rename(folder / os.fsdecode(where).partition("/")[0] / "0.png", wrong)
        else:
            os.mkdir(wrong)
        with pytest.raises(
            DatasetError, match="Expected a name of characters that can be read, in"
        ):
            prepare(folder, tmp_path, "images")
        assert not list(tmp_path.glob("*.npy"))


def test_a_workbook_holds_any_text(tmp_path):
    """Names of examples are whatever a table says."""
    book = openpyxl.Workbook()
    workbook.append_text(book.active, "a\x00\ud800b")
    column = workbook.Column("Id", "id", text=True)
    workbook.append_table(book.active, [column], [{"id": "c\x07\uffffd"}])
    book.save(tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet["A1"].value == "a\ufffd\ufffdb" and sheet["A3"].value == "c\ufffd\ufffdd"


@pytest.mark.parametrize(("fraction", "size"), [(0.05, 1), (0.01, 0), (0.9, 11)])
def test_a_slice_is_never_cut_or_of_one_example(fraction, size):
    """Of data that can't be counted before, this is known when a method is trained."""
    split = Split(np.array([12]), np.arange(3), np.array([0, 1, 0]), np.arange(3, 12), None, 2)
    message = f"at most the 9 unlabeled ones of the 12 in the pool. Received: {fraction}, which is"
    with pytest.raises(DatasetError, match=f"unlabeled_fraction: .*{message} {size}. Choose"):
        slice_of(split, Candidate(fraction, 0.5, 2, 1), 1)
    assert len(slice_of(split, Candidate(0.75, 0.5, 2, 1), 1)) == 9
    # The last slice may be shorter.
    assert len(slice_of(split, Candidate(0.5, 0.5, 2, 1), 2)) == 3


def with_member(path, name: str, content: bytes) -> None:
    """Write an archive in which a file stands for an array."""
    np.savez(path, **{key: array for key, array in ARCHIVE.items() if not name.startswith(key)})
    with ZipFile(path, "a") as archive:
        archive.writestr(name, content)


def npy(shape: tuple, dtype: str = "|u1") -> bytes:
    """Return the header of an array, and a few bytes."""
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + bytes(9)


MEMBERS = {
    "text for images": ("x", b"no array", "the array x as numpy.savez .* a file x that is no .npy"),
    "text for labels": (
        "y",
        b"no array",
        "the array y as numpy.savez writes it. Received a file y",
    ),
    "text in an array": ("x.npy", b"no array", "a NumPy archive .* magic string"),
    "a cut header": ("x.npy", npy((6, 8, 8, 1))[:20], "a NumPy archive"),
    "fewer images": ("x.npy", npy((6, 8, 8, 1)), "as many bytes in x as its header .* Received 9"),
    "more images than there are bytes": (
        "x.npy",
        npy((10**13, 8, 8, 1)),
        r"bytes in x as its header says, of uint8 and shape .10000000000000, 8, 8, 1.. Received 9",
    ),
    "more labels than there are bytes": (
        "y.npy",
        npy((10**13,), "<i8"),
        "as many bytes in y as its header says, of int64",
    ),
    "a program": ("y.npy", npy((9,), "|O"), "numbers in y. Received Python objects"),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_archives_whose_members_are_no_arrays(tmp_path, name):
    member, content, message = MEMBERS[name]
    path = tmp_path / "data.npz"
    with_member(path, member, content)
    for kind in ("images", "vectors"):
        settings = {"kind": kind, "source": "npz", "path": str(path)}
        with pytest.raises(DatasetError, match=f"data.npz: Expected .*{message}") as caught:
            kinds.read(path, settings)
        assert "pickle" not in str(caught.value)
    if member.startswith("x"):
        with ZipFile(path) as archive, ZipFile(tmp_path / "more.npz", "w") as alone:
            alone.writestr(member, archive.read(member))
        np.savez(path, **ARCHIVE)
        settings = {"source": "npz", "path": str(path), "unlabeled": str(tmp_path / "more.npz")}
        with pytest.raises(DatasetError, match="more.npz: Expected"):
            kinds.read(path, settings)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x80\x04K\x01.", b"PK\x03\x04 cut"])
def test_what_is_no_archive(tmp_path, content):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="data.npz: Expected a NumPy archive") as caught:
        prepare(path, tmp_path, "npz")
    assert "allow_pickle" not in str(caught.value) and "unsafe" not in str(caught.value)


ROWS = {
    "a short first row": ("x,1,2,3\nx,1,2,3,4\ny,1,2,3,4\n", "Expected 5 values.* 4 in data row 1"),
    "a long first row": ("x,1,2,3,4,5\nx,1,2,3,4\n", "Expected 5 values.* 6 in data row 1"),
    "two short rows": ("x,1,2,3\nx,1,2,3\ny,1,2,3,4\n", "Expected 5 values.* 4 in data row 1"),
    "a short row": ("x,1,2,3,4\nx,1,2,3\ny,1,2,3,4\n", "Expected 5 values.* 4 in data row 2"),
    "a long value": (
        f"x,1,2,3,4\ny,1,2,3,{'9' * 10**6}\n",
        "Received '999.*9' in data row 2, column 'd'",
    ),
    "a long label": (f"x,1,2,3,4\n{'y' * 10**6},1,2,3,z\n", "Received 'z' in data row 2"),
}


@pytest.mark.parametrize("kind", ["images", "vectors"])
@pytest.mark.parametrize("name", ROWS)
def test_rows_that_are_believed_before_the_header(tmp_path, name, kind):
    rows, message = ROWS[name]
    path = tmp_path / "data.csv"
    path.write_text(FOUR + rows)
    settings = {"kind": kind, "source": "csv", "path": str(path), "label_column": "label"}
    if kind == "vectors" and name == "a long value":
        message = "Expected finite numbers"
    with pytest.raises(DatasetError, match=message) as caught:
        kinds.read(path, settings)
    assert len(str(caught.value)) < 1000


def test_a_header_with_a_value_that_no_header_has(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(f'"{"a" * 200_000}",label\n1,x\n')
    settings = {"source": "csv", "path": str(path), "label_column": "label"}
    with pytest.raises(DatasetError, match="data.csv: Expected a CSV file in UTF-8.*field larger"):
        kinds.read(path, settings)


def test_images_that_do_not_fit_into_memory(tmp_path, monkeypatch):
    write_images(tmp_path / "pets")
    memory = SimpleNamespace(total=6 * 4 * 4 - 1)
    monkeypatch.setattr(readers.psutil, "virtual_memory", lambda: memory)
    message = (
        "Expected images that fit into memory .* Received 6 of 4 x 4 x 1, .* smaller image_size"
    )
    with pytest.raises(DatasetError, match=message):
        prepare(tmp_path / "pets", tmp_path, "images", image_size=[4, 4])
    memory.total += 1
    prepare(tmp_path / "pets", tmp_path, "images", image_size=[4, 4])


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"{", b"\x93NUMPY", b"PK\x03\x04", b"\xff\xfe"]
)
@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("labels.npy", storage.load_array),
        ("examples.npy", prepared.load_examples),
        ("texts.json", prepared.load_examples),
        ("classes.json", storage.load_json),
        ("split.npz", load_split),
    ],
)
def test_garbage_in_place_of_prepared_files(tmp_path, name, load, content):
    (tmp_path / name).write_bytes(content)
    message = f"{name}: Expected a file as this workflow has written it. .* Delete it, and"
    with pytest.raises(StudyError, match=message) as caught:
        load(tmp_path / name)
    assert "pickle" not in str(caught.value)


def test_what_is_wrong_in_a_zip_is_said_of_the_zip(tmp_path):
    """The file that was unpacked is gone when the message is read."""
    with ZipFile(tmp_path / "letters.csv.zip", "w") as archive:
        archive.writestr("letters.csv", FOUR + "x,1,2,3,z\n")
    settings = {"source": "kaggle", "name": "letters", "slug": "a/b", "file": "letters.csv"}
    settings |= {"label_column": "label"}
    with pytest.raises(DatasetError, match="Received 'z' in data row 1") as caught:
        make_archive(tmp_path / "letters.npz", settings, kinds.read)
    assert str(caught.value).startswith(f"{tmp_path}/letters.csv.zip (letters.csv): ")
    assert [file.name for file in tmp_path.iterdir()] == ["letters.csv.zip"]


NEW = {
    "a pipe": (
        lambda path: os.mkfifo(path / "a.png"),
        "a.png",
        "a.png: .* Received a pipe, a sock",
    ),
    "a pipe in a folder": (lambda path: os.mkfifo(path / "a.png"), "", "a.png: .* Received a pipe"),
    "a broken link": (lambda path: (path / "a.png").symlink_to("b"), "a.png", "no such path"),
    "a broken link in a folder": (
        lambda path: (path / "a.png").symlink_to("b"),
        "",
        "a.png: Expected a file or folder. Received a link to b",
    ),
    "a long name": (lambda path: None, "a" * 5000, "no such path"),
    "a null byte": (lambda path: None, "a\0.png", "no such path"),
    "PostScript": (
        lambda path: (path / "a.png").write_bytes(POSTSCRIPT),
        "a.png",
        "a.png: Expected an image, as PNG",
    ),
}


@pytest.mark.parametrize("name", NEW)
def test_new_examples_that_can_t_be_read(tmp_path, name):
    make, asked, message = NEW[name]
    make(tmp_path)
    with pytest.raises(DatasetError, match=message):
        list(open_path(tmp_path / asked, (6, 8, 1), {}).chunks(9))
