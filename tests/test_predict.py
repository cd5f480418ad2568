"""New examples through a deployed model: the numbers of the study, whatever they come in."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from PIL import Image
from self_training.deployment import labels, model, networks, predict
from self_training.errors import StudyError
from self_training.training import framework, job
from self_training.training.runs import Run
from test_deployed_model import make_model
from test_training import IMAGES, LABELS, NO_NOISE, settings

NEW = np.arange(1400, 1640)
NAMES = [f"digit {label}" for label in range(10)]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """A study's networks of two members, deployed, and what the study itself predicts of NEW."""
    folder = tmp_path_factory.mktemp("deployed")
    np.save(folder / "examples.npy", IMAGES)
    noise = NO_NOISE | {"dropout": 0.5}
    runs = [
        Run(
            {"study": 1, "part": "final", "member": member},
            np.arange(300),
            LABELS[:300],
            {"evaluation": NEW},
        )
        for member in (0, 1)
    ]
    with pytest.MonkeyPatch.context() as patch:
        # Other tests of this process have started it.
        patch.setattr(framework, "start_framework", lambda threads: None)
        (trained,), _ = job.train_batch(
            [runs],
            folder / "examples.npy",
            10,
            asdict(settings(noise=noise, epochs=3)),
            [folder / "model"],
        )
        made = make_model(folder / "unused", classes=NAMES, temperature=1.5)
        members = [model.member(folder / "model", f"member_{index}.keras") for index in (0, 1)]
        model.save(folder / "model", replace(made, members=members))
        yield folder / "model", np.stack([result.probabilities["evaluation"] for result in trained])


@pytest.fixture()
def run(deployed, tmp_path, monkeypatch):
    """A function that predicts paths, and returns the table as text."""
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)

    def predicted(*paths, folder=deployed[0], **options):
        predict.predict(folder, [str(path) for path in paths], tmp_path / "out.csv", **options)
        return pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)

    return predicted


@pytest.fixture()
def expected(deployed):
    """The table that the study's own probabilities give, as it is written."""
    folder, probabilities = deployed
    table = labels.table([str(row) for row in range(len(NEW))], probabilities, model.load(folder))
    return pd.DataFrame({name: table[name].astype(str) for name in table})


def archive(path, images=IMAGES[NEW], **others):
    np.savez(path, x=images, **others)
    return path


def write_images(folder, images, mode="L"):
    folder.mkdir(parents=True)
    for row, image in enumerate(images):
        Image.fromarray(image[..., 0]).convert(mode).save(folder / f"{row:03d}.png")
    return folder


def write_csv(path, images, names=None, **columns):
    pixels = images.reshape(len(images), -1)
    names = names or [f"pixel{index}" for index in range(pixels.shape[1])]
    table = pd.DataFrame(columns | dict(zip(names, pixels.T, strict=True)))
    table.to_csv(path, index=False)
    return path


def test_a_deployed_model_predicts_what_the_study_does_to_the_last_bit(deployed, monkeypatch):
    folder, study = deployed
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)
    loaded = model.load(folder)
    members = networks.load_networks(folder, loaded)
    found = networks.predict_members(members, IMAGES[NEW], loaded)
    assert study.shape == (2, 240, 10) and (study[0] != study[1]).any()
    np.testing.assert_array_equal(found, study)
    # In any order, and in any company.
    backwards = networks.predict_members(members, IMAGES[NEW[::-1]], loaded)
    np.testing.assert_array_equal(backwards, study[:, ::-1])
    few = networks.predict_members(members, IMAGES[NEW[:1]], loaded)
    np.testing.assert_array_equal(few, study[:, :1])


def test_an_archive(run, expected, tmp_path):
    found = run(archive(tmp_path / "new.npz", y=LABELS[NEW]))
    pd.testing.assert_frame_equal(found, expected)
    assert list(found) == ["id", "label", "confidence", "agreement", *NAMES]
    right = found["label"] == [NAMES[label] for label in LABELS[NEW]]
    assert right.mean() > 0.5
    confidence = found[NAMES].astype(float).max(axis=1)
    np.testing.assert_array_equal(found["confidence"].astype(float), confidence)


def test_images_are_read_some_at_a_time(run, expected, tmp_path, monkeypatch):
    """As many batches as memory has room for, whatever they come in."""
    monkeypatch.setattr(predict, "CHUNK_NUMBERS", 1)
    read = []
    monkeypatch.setattr(
        predict,
        "predict_members",
        lambda members, images, made: (
            read.append(len(images)) or networks.predict_members(members, images, made)
        ),
    )
    pd.testing.assert_frame_equal(run(archive(tmp_path / "new.npz")), expected)
    in_csv = run(write_csv(tmp_path / "new.csv", IMAGES[NEW]))
    assert list(in_csv["id"]) == [str(row) for row in range(1, 241)]
    pd.testing.assert_frame_equal(in_csv.drop(columns="id"), expected.drop(columns="id"))
    folder = write_images(tmp_path / "new", IMAGES[NEW])
    in_folder = run(folder)
    pd.testing.assert_frame_equal(in_folder.drop(columns="id"), expected.drop(columns="id"))
    assert read == [128, 112] * 3


def test_a_folder_and_its_sub_folders(run, expected, tmp_path):
    write_images(tmp_path / "photos/a", IMAGES[NEW[:2]])
    write_images(tmp_path / "photos/b/c", IMAGES[NEW[2:3]])
    (tmp_path / "photos/b/.hidden").write_text("")
    found = run(tmp_path / "photos")
    assert list(found["id"]) == ["a/000.png", "a/001.png", "b/c/000.png"]
    columns = ["label", "confidence", *NAMES]
    pd.testing.assert_frame_equal(found[columns], expected.loc[:2, columns])


def test_several_paths_give_one_table(run, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write_images(tmp_path / "photos", IMAGES[NEW[:2]])
    archive("new.npz", IMAGES[NEW[2:4]])
    write_csv("new.csv", IMAGES[NEW[4:5]], note=["a, b"])
    found = run("photos", folder / "000.png", "new.npz", "new.csv")
    ids = ["photos/000.png", "photos/001.png", f"{folder}/000.png", "new.npz:0", "new.npz:1"]
    assert list(found["id"]) == [*ids, "new.csv:1"]
    assert list(found["note"]) == [""] * 5 + ["a, b"]
    columns = ["label", "confidence", *NAMES]
    rows = expected.loc[[0, 1, 0, 2, 3, 4], columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(found[columns], rows)


def test_columns_that_are_no_pixels_are_kept(run, expected, tmp_path):
    texts = ['He said "no",\nand left', "NA", "007"]
    path = write_csv(
        tmp_path / "new.csv", IMAGES[NEW[:3]], id=["x", "y", "z"], label=texts, note=["", "1", "2"]
    )
    found = run(path)
    kept = ["label_", "note"]
    assert list(found) == ["id", "label", "confidence", "agreement", *NAMES, *kept]
    assert list(found["id"]) == ["x", "y", "z"]
    assert list(found["label_"]) == texts and list(found["note"]) == ["", "1", "2"]
    columns = ["label", "confidence", *NAMES]
    pd.testing.assert_frame_equal(found[columns], expected.loc[:2, columns])


def test_pixel_columns_are_found_by_the_names_that_the_study_knew(
    run, expected, deployed, tmp_path
):
    """In whatever order they stand, and beside columns that could be pixels."""
    folder = shutil.copytree(deployed[0], tmp_path / "model")
    names = [f"p{chr(97 + row)}{chr(97 + column)}" for row in range(8) for column in range(8)]
    reading = {"pixel_columns": names, "id_column": "ImageId"}
    made = replace(model.load(folder), reading=reading)
    model.save(folder, made)
    path = write_csv(tmp_path / "a.csv", IMAGES[NEW[:3]], names, column1=[5, 6, 7])
    table = pd.read_csv(path)
    table["ImageId"] = ["a", "b", "c"]
    table[table.columns[::-1]].to_csv(path, index=False)
    found = run(path, folder=folder)
    assert list(found["column1"]) == ["5", "6", "7"] and list(found["id"]) == ["a", "b", "c"]
    columns = ["label", "confidence", *NAMES]
    pd.testing.assert_frame_equal(found[columns], expected.loc[:2, columns])
    with pytest.raises(
        StudyError, match="Expected the 64 pixel columns of the study. Missing: paa"
    ):
        run(write_csv(tmp_path / "b.csv", IMAGES[NEW[:3]]), folder=folder)


def test_images_are_resized_and_converted_as_the_study_did(run, expected, deployed, tmp_path):
    """Those of a folder and those of an archive alike."""
    folder = shutil.copytree(deployed[0], tmp_path / "model")
    reading = {"color_mode": "grayscale", "image_size": [8, 8]}
    model.save(folder, replace(model.load(folder), reading=reading))
    large = np.random.default_rng(0).integers(0, 256, (3, 20, 12, 3), dtype=np.uint8)
    photos = tmp_path / "photos"
    photos.mkdir()
    for row, image in enumerate(large):
        Image.fromarray(image).save(photos / f"{row}.png")
    # As Pillow does it, asked here.
    by_hand = np.stack(
        [
            np.asarray(
                Image.fromarray(image).convert("L").resize((8, 8), Image.Resampling.BILINEAR)
            )
            for image in large
        ]
    )
    of_archive = run(archive(tmp_path / "new.npz", large), folder=folder)
    of_folder = run(photos, folder=folder)
    of_pixels = run(archive(tmp_path / "by_hand.npz", by_hand[..., None]))
    pd.testing.assert_frame_equal(of_archive, of_pixels)
    pd.testing.assert_frame_equal(of_folder[NAMES], of_pixels[NAMES])
    # What has the size is left as it is.
    same = run(archive(tmp_path / "same.npz", IMAGES[NEW]), folder=folder)
    pd.testing.assert_frame_equal(same, expected)


def test_kaggle_takes_ids_and_labels(run, tmp_path):
    path = write_csv(tmp_path / "new.csv", IMAGES[NEW[:3]], id=["x", "y", "z"], note=[1, 2, 3])
    csv, kaggle = run(path), run(path, format="kaggle")
    assert list(kaggle) == ["ID", "Label"]
    assert list(kaggle["ID"]) == ["x", "y", "z"] and list(kaggle["Label"]) == list(csv["label"])


CLEAN = {"PYTHONPATH": str(ROOT / "workflow"), "KERAS_BACKEND": ""}


def command(*arguments, cwd, **environment):
    inherited = {key: value for key, value in os.environ.items() if key not in CLEAN}
    return subprocess.run(
        [sys.executable, "-m", "self_training", "predict", *map(str, arguments)],
        cwd=cwd,
        env=inherited | {"PYTHONPATH": str(ROOT / "workflow")} | environment,
        capture_output=True,
        text=True,
    )


def test_a_copied_folder_in_an_empty_one_predicts_the_same(deployed, expected, tmp_path):
    """From the command line, where Snakemake can't be imported."""
    empty = tmp_path / "empty"
    shutil.copytree(deployed[0], empty / "model")
    archive(empty / "new.npz")
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "snakemake.py").write_text("raise ImportError('Snakemake is not needed')")
    done = command(
        *("model", "new.npz", "--output", "made/labels.csv"),
        cwd=empty,
        PYTHONPATH=os.pathsep.join([str(blocked), str(ROOT / "workflow")]),
    )
    assert done.returncode == 0, done.stderr
    assert not done.stdout and "images" not in done.stderr, "a bar is for a terminal alone"
    found = pd.read_csv(empty / "made/labels.csv", dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(found, expected)
    assert [path.name for path in (empty / "made").iterdir()] == ["labels.csv"]


def test_another_backend_predicts_nearly_the_same(deployed, expected, tmp_path):
    done = command(
        *(deployed[0], archive(tmp_path / "new.npz"), "--output", "labels.csv"),
        cwd=tmp_path,
        KERAS_BACKEND="jax",
    )
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(tmp_path / "labels.csv")
    np.testing.assert_allclose(found[NAMES], expected[NAMES].astype(float), atol=1e-5)


def test_what_is_wrong_with_a_path_is_said_at_once(deployed, tmp_path):
    """Without TensorFlow, whose import alone takes seconds."""
    started = time.perf_counter()
    done = command(deployed[0], "no/such.npz", "--output", "labels.csv", cwd=tmp_path)
    assert time.perf_counter() - started < 2
    assert done.returncode == 1
    expected = "no/such.npz: Expected an existing file or folder. Received no such path.\n"
    assert done.stderr == expected and not list(tmp_path.iterdir())


@pytest.mark.parametrize("output", ["/proc/labels.csv", "new.npz/labels.csv"])
def test_an_output_that_cannot_be_written_is_told(deployed, tmp_path, output):
    archive(tmp_path / "new.npz")
    done = command(deployed[0], "new.npz", "--output", output, cwd=tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{output}: Expected a file" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["new.npz"]


def test_a_command_line_that_is_none_says_what_one_is(tmp_path):
    done = command("model", cwd=tmp_path)
    assert done.returncode == 2 and "usage: self-training predict" in done.stderr


def damage(path, at=-200):
    """Change a byte near the end of a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)
    return path


def text_file(path, text):
    path.write_text(text)
    return path


def no_image(folder):
    path = write_images(folder, IMAGES[NEW[:3]]) / "001.png"
    path.write_bytes(b"no image")
    return folder


ROW = ",".join(["7"] * 64)
HEADER = ",".join(f"pixel{index}" for index in range(64))
CASES = {
    "a folder without an image": (
        lambda t: (t / "x").mkdir() or t / "x",
        r"x: Expected images \(.png, .jpg, .jpeg, .webp\), also in sub-folders. Received none.",
    ),
    "another file in a folder": (
        lambda t: text_file(write_images(t / "x", IMAGES[:1]) / "a.txt", "") and t / "x",
        "a.txt: Expected nothing but images here",
    ),
    "a file that is no image": (
        lambda t: no_image(t / "x"),
        "x/001.png: Expected an image, as PNG, JPEG or WebP. Received",
    ),
    "an image of another size": (
        lambda t: write_images(t / "x", np.zeros((1, 6, 9, 1), np.uint8)) / "000.png",
        "000.png: Expected images of 8 x 8 pixels .height x width., as the model was trained on. "
        "Received 6 x 9. Resize",
    ),
    "an image of other colors": (
        lambda t: write_images(t / "x", IMAGES[:2], "RGB"),
        "000.png: Expected images of 1 channels .* Received 3",
    ),
    "an archive of another size": (
        lambda t: archive(t / "x.npz", np.zeros((5, 9, 8, 1), np.uint8)),
        "x.npz: Expected images of 8 x 8 pixels .* Received 9 x 8",
    ),
    "an archive of other colors": (
        lambda t: archive(t / "x.npz", np.zeros((5, 8, 8, 3), np.uint8)),
        "x.npz: Expected images of 1 channels .* Received 3",
    ),
    "an archive of other numbers": (
        lambda t: archive(t / "x.npz", np.zeros((5, 8, 8, 1))),
        r"x.npz: Expected x as uint8 of shape .*Received float64 of shape \(5, 8, 8, 1\)",
    ),
    "an archive in the order of Fortran": (
        lambda t: archive(t / "x.npz", np.asfortranarray(IMAGES[:5])),
        "x.npz: Expected x as uint8 .* in Fortran order",
    ),
    "an archive without x": (
        lambda t: np.savez(t / "x.npz", images=IMAGES[:5], y=LABELS[:5]) or t / "x.npz",
        "x.npz: Expected the array x. Received: images, y.",
    ),
    "an archive without images": (
        lambda t: archive(t / "x.npz", IMAGES[:0]),
        "x.npz: Expected images in x. Received none",
    ),
    "an archive that is none": (
        lambda t: text_file(t / "x.npz", "none"),
        "x.npz: Expected a NumPy archive .* Received a file that cannot be read as one",
    ),
    "a damaged archive": (
        lambda t: damage(archive(t / "x.npz"), -1000),
        "x.npz: Expected a NumPy archive .* cannot be read as one .*CRC",
    ),
    "a table of other columns": (
        lambda t: text_file(t / "x.csv", "a1,a2,note\n1,2,x\n"),
        "x.csv: Expected 64 pixel columns, of images of 8 x 8 pixels and 1 channels, whose names "
        "end in a digit; .* Received 2",
    ),
    "a table of colors": (
        lambda t: write_csv(t / "x.csv", np.zeros((1, 8, 8, 3), np.uint8)),
        "x.csv: Expected images of 1 channels .* Received 3",
    ),
    "a table without rows": (
        lambda t: text_file(t / "x.csv", f"{HEADER}\n"),
        "x.csv: Expected a row per image under the header. Received none",
    ),
    "a table of two columns of a name": (
        lambda t: text_file(t / "x.csv", f"a,a,{HEADER}\n1,1,{ROW}\n"),
        "x.csv: Expected columns of different names. Received 'a' more than once",
    ),
    "a pixel that is none": (
        lambda t: text_file(t / "x.csv", f"{HEADER}\n" + f"{ROW}\n" * 200 + f"{ROW[:-1]}300\n"),
        "x.csv: Expected whole numbers from 0 to 255 .* '300' in data row 201, column 'pixel63'",
    ),
    "a double quote alone": (
        lambda t: text_file(t / "x.csv", f"note,{HEADER}\n" + f'a,{ROW}\n5" nail,{ROW}\n'),
        "x.csv: Expected double quotes in pairs; .* in data row 2 that has no end",
    ),
    "two double quotes alone": (
        lambda t: text_file(t / "x.csv", f"note,{HEADER}\n" + f'5" nail,{ROW}\n' * 2),
        "x.csv: Expected double quotes in pairs around a text; .* after data row 0",
    ),
    "a row that is short": (
        lambda t: text_file(t / "x.csv", f"{HEADER}\n" + f"{ROW}\n" * 200 + f"{ROW[:-2]}\n"),
        "x.csv: Expected 64 values in every row",
    ),
    "text from standard input": (
        lambda t: "-",
        "-: Expected images, as this is a model of images. Received standard input, which would",
    ),
    "lines of texts": (lambda t: text_file(t / "x.jsonl", "{}"), "Received a .jsonl file, which"),
    "an unknown suffix": (
        lambda t: text_file(t / "x.parquet", ""),
        r"Expected a folder of images, .*, .npz, .csv. Received '.parquet'",
    ),
    "no such path": (lambda t: t / "x", "x: Expected an existing file or folder"),
}


@pytest.mark.parametrize("case", CASES)
def test_an_example_that_is_none_is_an_error_and_nothing_is_written(
    run, tmp_path, case, monkeypatch
):
    monkeypatch.setattr(predict, "CHUNK_NUMBERS", 1)
    make, message = CASES[case]
    (tmp_path / "in").mkdir()
    path = make(tmp_path / "in")
    with pytest.raises(StudyError, match=message):
        run(path)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_table_that_is_there_is_replaced_as_a_whole_or_stays(run, tmp_path):
    (tmp_path / "out.csv").write_text("earlier\n")
    with pytest.raises(StudyError):
        run(no_image(tmp_path / "photos"))
    assert (tmp_path / "out.csv").read_text() == "earlier\n"
    assert len(run(archive(tmp_path / "new.npz"))) == 240


def test_what_is_read_is_not_written_over(deployed, tmp_path):
    path = write_csv(tmp_path / "new.csv", IMAGES[NEW[:3]])
    before = path.read_bytes()
    with pytest.raises(
        StudyError, match="Expected another file to write to .--output. than to read"
    ):
        predict.predict(deployed[0], [str(path)], path)
    assert path.read_bytes() == before
    with pytest.raises(
        StudyError, match="Expected a file to write to .--output.. Received a folder"
    ):
        predict.predict(deployed[0], [str(path)], tmp_path)


def test_networks_that_can_t_predict_are_an_error(run, deployed, tmp_path):
    folder = shutil.copytree(deployed[0], tmp_path / "model")
    path = archive(tmp_path / "new.npz", IMAGES[NEW[:3]])
    network = framework.keras.saving.load_model(folder / "member_1.keras", compile=False)
    network.set_weights([np.full_like(weight, np.nan) for weight in network.get_weights()])
    network.save(folder / "member_1.keras")

    def sealed():
        members = [model.member(folder, f"member_{index}.keras") for index in (0, 1)]
        content = json.loads((folder / "model.json").read_text()) | {"members": members}
        (folder / "model.json").write_text(json.dumps(content))
        return folder

    with pytest.raises(StudyError, match="member_1.keras: Expected a network that predicts prob"):
        run(path, folder=sealed())
    (folder / "member_1.keras").write_text("no network")
    with pytest.raises(
        StudyError, match="member_1.keras: Expected a network that Keras .* can load"
    ):
        run(path, folder=sealed())
    assert not (tmp_path / "out.csv").exists()
