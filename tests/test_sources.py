"""Every source, from the config to a prepared dataset, as a user runs it."""

import hashlib
import os

import numpy as np
import pytest
from conftest import tiny_config
from PIL import Image
from servers import Server
from test_downloads import keras_files, small_images

pytestmark = pytest.mark.study


def source_config(**datasets) -> dict:
    config = tiny_config() | {"study": "sources"}
    config["methods"] = {"baseline": {"generations": 0}}
    config.pop("inner_folds")
    config["datasets"] = {
        name: settings | {"epochs": 1, "labeled_fraction": 0.5}
        for name, settings in datasets.items()
    }
    return config


def prepared(*datasets: str) -> list[str]:
    return [f"results/sources/datasets/{dataset}/examples.npy" for dataset in datasets]


def read(study, dataset: str):
    folder = study.results / "datasets" / dataset
    return np.load(folder / "examples.npy"), np.load(folder / "labels.npy")


@pytest.fixture()
def server():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


def fetch_from(study, name: str, files: dict) -> None:
    """Let a study find a dataset of Keras at other addresses, of which (URL, content) are given."""
    addresses = [(url, hashlib.sha256(content).hexdigest()) for url, content in files.items()]
    path = study.folder / "workflow/self_training/data/keras_archives.py"
    path.write_text(f"{path.read_text()}\n\nKERAS_FILES[{name!r}] = {addresses!r}\n")


def test_downloads(make_study, server):
    """One download for two datasets; nothing is fetched again, whatever is edited or forced."""
    x, y = small_images(1)
    ((file, content),) = keras_files("mnist", x, y).items()
    url = server.serve(f"/{file}", 503, "cut", content)
    mnist = {"source": "keras", "name": "mnist"}
    study = make_study(
        source_config(low=mnist | {"classes": [0, 1]}, high=mnist | {"classes": [8, 9, 7]})
    )
    fetch_from(study, "mnist", {url: content})
    output = study.run("--cores", "2", "download_all")
    assert output.count("rule download:") == 1 and len(server.requests) == 3
    assert os.listdir(study.folder / "resources") == ["mnist.npz"]
    server.behaviors.clear()
    study.run("--cores", "2", *prepared("low", "high"))
    images, labels = read(study, "high")
    expected = np.isin(y, [7, 8, 9])
    np.testing.assert_array_equal(images, x[expected])
    assert labels.tolist() == [{8: 0, 9: 1, 7: 2}[label] for label in y[expected]]
    # An edit of the code, or --forceall, does not fetch what is there.
    fetch_from(study, "mnist", {"http://localhost:1/nowhere": content})
    study.run("--cores", "2", "--forceall", *prepared("low", "high"))
    assert len(server.requests) == 3


def test_a_failed_download_says_why_and_leaves_nothing(make_study, server):
    url = server.serve("/mnist.npz", b"not what was asked for")
    study = make_study(source_config(data={"source": "keras", "name": "mnist"}))
    fetch_from(study, "mnist", {url: b"mnist"})
    output = study.run("--cores", "2", succeeds=False)
    assert f"{url}: Expected a file with SHA-256" in output and "Traceback" not in output
    assert "An archive laid at resources/mnist.npz is used" in output
    assert not list(study.folder.glob("resources/*"))
    assert not list(study.results.glob("datasets/*/*"))


def test_archives_laid_by_hand_are_used_and_kept(make_study):
    """Also where the network cannot be reached: nothing asks for it."""
    x, y = small_images(3)
    names = np.array([f"class {label}" for label in range(10)])
    study = make_study(
        source_config(
            small={"source": "keras", "name": "cifar100", "examples": 60},
            letters={
                "source": "kaggle",
                "name": "letters",
                "slug": "owner/letters",
                "file": "letters.csv",
                "label_column": "0",
            },
        )
    )
    (study.folder / "resources").mkdir()
    for name in ("cifar100", "letters"):
        np.savez(study.folder / f"resources/{name}.npz", x=x, y=y, class_names=names)
    before = {path: path.read_bytes() for path in study.folder.glob("resources/*")}
    output = study.run("--cores", "2", *prepared("small", "letters"))
    assert "rule download" not in output
    np.testing.assert_array_equal(read(study, "letters")[0], x)
    study.run("--cores", "2", "--forceall", *prepared("small", "letters"))
    study.run("--cores", "2", "--delete-all-output", *prepared("small", "letters"))
    assert {path: path.read_bytes() for path in study.folder.glob("resources/*")} == before


def test_a_kaggle_file_laid_by_hand(make_study):
    study = make_study(
        source_config(
            letters={
                "source": "kaggle",
                "name": "letters",
                "slug": "owner/letters",
                "file": "A_Z Letters.csv",
                "label_column": "label",
                "class_names": ["A", "B"],
            }
        )
    )
    (study.folder / "resources").mkdir()
    csv = study.folder / "resources/A_Z Letters.csv"
    csv.write_text("label,a\n" + "0,1\n1,2\n" * 6)
    study.run("--cores", "1", *prepared("letters"))
    images, labels = read(study, "letters")
    assert images.ravel().tolist() == [1, 2] * 6 and labels.tolist() == [0, 1] * 6
    assert sorted(os.listdir(csv.parent)) == ["A_Z Letters.csv", "letters.npz"]


def test_without_credentials_of_kaggle(make_study, monkeypatch, tmp_path):
    for variable in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    letters = {"source": "kaggle", "name": "letters", "slug": "owner/letters", "file": "a.npz"}
    study = make_study(source_config(letters=letters))
    output = study.run("--cores", "1", *prepared("letters"), succeeds=False)
    assert "owner/letters" in output and "~/.kaggle/access_token" in output
    assert "lay it, or a zip of it, into resources/" in output and "Traceback" not in output


def test_a_folder_and_a_csv_file(make_study, tmp_path):
    """A changed folder is prepared again; so is what is cached of it, and nothing else."""
    pets, csv = tmp_path / "my pets", tmp_path / "digits.csv"
    for name, gray in (("cat", 40), ("dog", 200)):
        (pets / name).mkdir(parents=True)
        for number in range(6):
            Image.new("L", (8, 8), gray + number).save(pets / name / f"{number}.png")
    csv.write_text("label,a\n" + "".join(f"{row % 2},{row}\n" for row in range(12)))
    study = make_study(
        source_config(
            pets={"source": "images", "path": str(pets), "classes": ["dog", "cat"]},
            digits={"source": "csv", "path": str(csv), "label_column": "label"},
        )
    )
    targets = [
        f"results/sources/runs/{name}/fold_{fold}/split.npz"
        for name in ("pets", "digits")
        for fold in (0, 1)
    ]
    study.run("--cores", "2", *targets)
    images, labels = read(study, "pets")
    assert images[:, 0, 0, 0].tolist() == [*range(40, 46), *range(200, 206)]
    assert labels.tolist() == [1] * 6 + [0] * 6
    assert read(study, "digits")[0].ravel().tolist() == list(range(12))
    assert "Nothing to be done" in study.run("--cores", "2", *targets)
    Image.new("L", (8, 8), 99).save(pets / "cat/9.png")
    output = study.run("-n", *targets)
    assert output.count("rule prepare_dataset:") == 1 and "dataset=pets" in output
    # Overwritten in place, and with a file that is older than what was made of the one before.
    Image.new("L", (8, 8), 98).save(pets / "cat/0.png")
    csv.write_text(csv.read_text().replace(",11", ",99"))
    os.utime(csv, (1e9, 1e9))
    study.run("--cores", "2", *targets)
    assert len(read(study, "pets")[0]) == 13 and read(study, "pets")[0][0, 0, 0, 0] == 98
    assert read(study, "digits")[0].ravel().tolist()[-1] == 99


def test_too_few_images_end_in_one_message_before_anything_runs(make_study, tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        Image.new("L", (8, 8)).save(tmp_path / "pets" / name / "1.png")
    study = make_study(source_config(pets={"source": "images", "path": str(tmp_path / "pets")}))
    output = study.run("--cores", "1", succeeds=False)
    assert "datasets.pets: Expected at least 2 examples in every class" in output
    assert "Traceback" not in output and not study.results.exists()
