"""Architectures: their noise acts while training and never at prediction."""

import sys

import numpy as np
import pytest
from self_training import dotted_paths
from self_training.study.names import BACKBONES, BACKBONES_OF
from self_training.training.framework import keras
from self_training.training.one_by_one import OneByOneTrainer
from self_training.training.trainer import build_network
from test_training import DIGITS, IMAGES, LABELS, NO_NOISE, run, settings

RESIDUAL = ["small_resnet", "efficientnet_b0"]


OF_KIND = {name: kind for kind, table in BACKBONES_OF.items() for name in table}
EXAMPLES = {
    "images": np.random.default_rng(0).random((6, 28, 28, 1), dtype=np.float32),
    "vectors": np.random.default_rng(0).random((6, 28), dtype=np.float32),
    "texts": np.random.default_rng(0).integers(2, 2**16, (6, 28), dtype=np.int32),
}


def build(name: str, shape=None, **noise):
    x = EXAMPLES[OF_KIND[name]]
    chosen = settings(backbone=name, noise=NO_NOISE | noise)
    return build_network(shape or x.shape[1:], 7, chosen, {"member": 1}, str(x.dtype))


# Of tokens it is no network of Keras: tests/test_transformer.py.
@pytest.mark.parametrize("name", [name for name in BACKBONES if OF_KIND[name] != "tokens"])
def test_noise_is_off_at_prediction_and_leaves_the_weights_alone(name):
    noise = {"dropout": 0.5} | ({"survival": 0.5} if name in RESIDUAL else {})
    quiet, noisy = build(name), build(name, **noise)
    x = EXAMPLES[OF_KIND[name]]
    predicted = quiet(x, training=False).numpy()
    assert predicted.shape == (6, 7)
    np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(predicted, noisy(x, training=False).numpy())
    assert np.abs(noisy(x, training=True) - quiet(x, training=True)).max() > 1e-5


@pytest.mark.parametrize(
    ("name", "last", "first"), [("small_resnet", 0.3, 0.05), ("efficientnet_b0", 0.2625, 0.0375)]
)
def test_stochastic_depth_decays_linearly(name, last, first):
    """Block l of L is dropped with (1 - 0.7) l / L; that of keras.applications counts from 0, and
    its first block and those that change the size have nothing to drop."""
    network = build(name, survival=0.7)
    rates = [
        layer.rate
        for layer in network.layers
        if isinstance(layer, keras.layers.Dropout) and layer.noise_shape
    ]
    assert rates == sorted(rates)
    assert rates[0] == pytest.approx(first) and rates[-1] == pytest.approx(last)


def test_stochastic_depth_drops_whole_blocks_of_different_examples():
    network = build("small_resnet", survival=0.5)
    drops = [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.Dropout) and layer.noise_shape
    ]
    x = np.ones((50, 4, 4, 3), np.float32)
    kept = []
    for layer in drops:
        y = layer(x, training=True).numpy()
        assert (np.ptp(y, axis=(1, 2, 3)) == 0).all()
        kept.append(y[:, 0, 0, 0] > 0)
    assert len(drops) == 6 and 10 < kept[-1].sum() < 40
    assert len({tuple(k) for k in kept[-2:]}) == 2


def test_a_residual_network_learns_with_noise():
    noise = NO_NOISE | {"policy": "characters", "magnitude": 5, "dropout": 0.2, "survival": 0.8}
    trainer = OneByOneTrainer(
        IMAGES, 10, settings(backbone="small_resnet", noise=noise, epochs=6), run(600)
    )
    predicted = trainer.train(run(600)).probabilities["evaluation"].argmax(axis=1)
    assert (predicted == LABELS[1300:1500]).mean() > 0.7


@pytest.fixture()
def own_backbone(tmp_path, monkeypatch):
    """A module of the user's in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = tmp_path / "my_models.py"
    path.write_text(
        "from keras import layers\n"
        "def linear(inputs, classes, dropout, survival, seed):\n"
        "    return layers.Dense(classes, activation='softmax')(layers.Flatten()(inputs))\n"
    )
    yield path
    sys.modules.pop("my_models", None)


def test_a_backbone_of_the_user_s_own(own_backbone):
    trainer = OneByOneTrainer(
        IMAGES, 10, settings(backbone="my_models:linear", epochs=10, learning_rate=0.01), run(1000)
    )
    result = trainer.train(run(1000))
    assert trainer.model.count_params() == 64 * 10 + 10
    assert (
        result.probabilities["evaluation"].argmax(axis=1) == DIGITS.target[1300:1500]
    ).mean() > 0.8


def test_an_edit_of_a_user_s_backbone_is_seen(own_backbone):
    assert dotted_paths.source_of("my_models:linear") == own_backbone
    before = dotted_paths.digest_of("my_models:linear")
    own_backbone.write_text(own_backbone.read_text() + "\n")
    assert dotted_paths.digest_of("my_models:linear") != before
    assert dotted_paths.source_of("my_models:quadratic") is None
    own_backbone.write_text(
        "# linear was here\ndef linear_2(): pass\nfrom os import path as other\n"
    )
    assert dotted_paths.source_of("my_models:linear") is None
    assert dotted_paths.source_of("my_models:other") == own_backbone
    own_backbone.write_text("def linear(:\n")
    assert dotted_paths.source_of("my_models:linear") is None
    assert dotted_paths.source_of("math:sqrt") is None
    assert dotted_paths.source_of("no_models:linear") is None
    with pytest.raises(ImportError, match="Expected a module that binds a name.*no_models:linear"):
        dotted_paths.digest_of("no_models:linear")
