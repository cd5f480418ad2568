"""Campaigns, in short: a study that is killed a few times has the scores of one that is not."""

import pytest
from campaigns import kills


@pytest.mark.study
def test_a_study_that_is_killed_has_the_same_scores(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr(kills, "TARGETS", ("results/kills/scores.csv",))
    settings = kills.config() | {"jobs": "per_dataset"}
    settings["methods"]["student"] |= {"generations": 1, "threshold": 0.5}
    counts = kills.disturb_many_times(tmp_path, 3, seed=6, within=12, settings=settings)
    assert counts.total() == 3
