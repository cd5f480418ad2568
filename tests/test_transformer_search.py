"""How long a transformer is trained is chosen on inner folds of labeled texts, and nowhere else."""

import numpy as np
import pytest
from self_training.data.split import Split
from self_training.methods import controls, search
from self_training.methods.parts import FINAL, SEARCH
from self_training.methods.predictions import stack_members
from self_training.study.candidates import grid
from test_transformer import IDS, LABELS, settings
from tiny_transformers import write_transformer

torch = pytest.importorskip("torch", reason="torch: transformers are trained by the extra text")
pytest.importorskip("transformers", reason="transformers: they are trained by the extra text")

from self_training.training.transformer import TransformerTrainer  # noqa: E402

LENGTHS = {"unlabeled_fraction": [None], "threshold": [None], "generations": [0]}
LENGTHS |= {"ensemble_size": [1], "epochs": [1, 2]}
LABELED, TEST = np.arange(24), np.arange(40, 60)
INNER = np.tile([0, 1], 12)
IDENTITY = {"study": 1, "dataset": "news", "outer_fold": 0}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_the_number_of_epochs_is_chosen_on_inner_folds(tmp_path):
    """Each length with a schedule of its own, on the labels that the inner fold leaves; the network
    that is scored takes the chosen one, on all labels."""
    folder = write_transformer(tmp_path)
    split = Split(TEST, LABELED, LABELS[LABELED], np.arange(24, 40), INNER[None], 3)
    candidates = grid(LENGTHS)
    assert [candidate.epochs for candidate in candidates] == [1, 2]
    runs = controls.runs(split, SEARCH, candidates, identity=IDENTITY)
    # Of the test fold, and of the inner fold that is held out, nothing is trained on.
    assert [run.name for run in runs] == ["0/inner_0", "1/inner_0", "0/inner_1", "1/inner_1"]
    for run in runs:
        (asked,) = run.predict.values()
        assert not set(asked) & {*run.examples, *TEST}
        assert {*asked, *run.examples} == set(LABELED)
    own = settings(folder, epochs=7, steps=None, batch_size=4, learning_rate=0.01)
    trainer = TransformerTrainer(IDS, 3, own, runs[0])
    trained = [*trainer.train_all(runs)]
    # 12 of 24 labels in batches of 4.
    assert [result.record["steps"] for result in trained] == [3, 6, 3, 6]
    rates = [[batch.rate for epoch in trainer.batches(run) for batch in epoch] for run in runs[:2]]
    assert max(rates[0][1:]) < rates[0][0] and rates[0][-1] == pytest.approx(rates[0][0] / 3)
    assert rates[1][-1] < rates[0][-1] and rates[1][2] > rates[0][2]
    scores = search.score_candidates(split, candidates, [stack_members(runs, trained)])
    by_hand = [
        [
            np.mean(
                trained[2 * fold + index].probabilities["evaluation"].argmax(axis=1)
                == LABELS[LABELED[fold == INNER]]
            )
            for fold in (0, 1)
        ]
        for index in (0, 1)
    ]
    np.testing.assert_allclose(scores, by_hand)
    choice = search.select(candidates, scores, len(LABELED), "best")
    best = int(np.mean(scores[1]) > np.mean(scores[0]))
    assert choice["hyper_parameters"]["epochs"] == best + 1
    (final,) = controls.runs(split, FINAL, [candidates[best]], identity=IDENTITY)
    assert final.examples.tolist() == LABELED.tolist() and final.settings == {"epochs": best + 1}
    assert trainer.train(final).record["steps"] == 6 * (best + 1)


@pytest.mark.parametrize("decay", ["none", "linear"])
def test_a_prefix_of_a_run_is_a_shorter_run_without_a_schedule_alone(tmp_path, decay):
    """So no run of several epochs says what fewer would have given, where the rate falls."""
    folder = write_transformer(tmp_path)
    split = Split(TEST, LABELED, LABELS[LABELED], np.arange(24, 40), INNER[None], 3)
    shorter, longer = controls.runs(split, SEARCH, grid(LENGTHS), identity=IDENTITY)[:2]
    own = settings(folder, batch_size=4, decay=decay, warmup=0)
    trainer = TransformerTrainer(IDS, 3, own, shorter)
    steps = []
    for run in (shorter, longer):
        batches = [batch for epoch in trainer.batches(run) for batch in epoch][:3]
        steps.append([(batch.ids.tolist(), batch.rate) for batch in batches])
    assert (steps[0] == steps[1]) == (decay == "none")
