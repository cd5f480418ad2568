"""Texts of a generator: what is left out, who reads what, and that they are drawn by seeds."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from self_training.data.split import Split, save_split
from self_training.text import filters, generated, pool
from self_training.text.filters import COPY, ECHO, EMPTY, KEPT, SHORT, TWICE

POOL = ["The cup was won by a team from the north", "Oil rose again on Monday"]
IDENTITY = {"study": 1, "dataset": "news", "outer_fold": 0}


def judged(*texts, prompt="In other news", min_words=3, max_overlap=0.5) -> list[str]:
    how = {"min_words": min_words, "max_overlap": max_overlap}
    return filters.judge(list(texts), [prompt] * len(texts), POOL, **how)


def test_texts_without_words_and_short_ones_are_left_out():
    assert judged("", " \n ", "... !") == [EMPTY] * 3
    assert judged("two words", "these are three") == [SHORT, KEPT]
    assert judged("one", min_words=1) == [KEPT]


def test_a_text_that_repeats_its_prompt_is_left_out():
    assert judged("and in OTHER news, a war") == [ECHO]
    assert judged("in other words, a war") == [KEPT]
    # Of a short prompt, only where it stands at the beginning.
    assert judged("a war in Iraq goes on", prompt="Iraq") == [KEPT]
    assert judged("Iraq: a war goes on", prompt="Iraq") == [ECHO]


def test_of_texts_with_the_same_words_the_first_is_left():
    assert judged("a war goes on", "A war goes on!", "a war goes on and on") == [KEPT, TWICE, KEPT]


def test_a_text_that_shares_most_of_its_words_in_a_row_with_one_of_the_pool_is_left_out():
    copy = "the cup was won by a team"
    assert judged(copy) == [COPY]
    # Three of its rows of five words are that text's, and four are not.
    assert judged(f"{copy} of which nobody knew") == [KEPT]
    assert filters.overlaps([f"{copy} of which nobody knew".split()], POOL) == [3 / 7]
    assert judged(f"{copy} of which nobody knew", max_overlap=0.42) == [COPY]
    # Words alone, in another order, are none.
    assert judged("team a by won was cup the") == [KEPT]
    # Of a text of fewer than five words all stand in a row.
    assert judged("oil rose again") == [COPY]
    assert judged("rose oil again") == [KEPT]
    # What two texts have one half of each is no copy of either.
    both = "won by a team from and oil rose again on monday"
    assert filters.overlaps([both.split()], POOL) == [1 / 7]
    assert filters.overlaps([], POOL) == [] and filters.overlaps([["a"]], []) == [0]


def test_a_share_at_the_bound_is_no_copy():
    half = "the cup was won by a"
    assert filters.overlaps([f"{half} b c".split()], POOL) == [0.5]
    assert judged(f"{half} b c") == [KEPT]


def split_of(**changes) -> Split:
    fields = {"test_idx": np.array([1, 4]), "labeled_idx": np.array([5, 0])}
    fields |= {"labeled_y": np.array([1, 0]), "unlabeled_idx": np.array([3, 2])}
    fields |= {"inner_folds": np.array([[0, 1]]), "classes": 2}
    return Split(**fields | changes)


def written(folder, split: Split, texts=tuple("abcdef")) -> SimpleNamespace:
    folder.mkdir(parents=True, exist_ok=True)
    save_split(folder / "split.npz", split)
    (folder / "texts.json").write_text(json.dumps(list(texts)))
    (folder / "classes.json").write_text(json.dumps(["world", "sports"]))
    names = {"texts": "texts.json", "split": "split.npz", "classes": "classes.json"}
    return SimpleNamespace(**{key: str(folder / name) for key, name in names.items()})


def test_the_pool_has_no_test_text_and_tells_no_label(tmp_path):
    files = written(tmp_path / "a", split_of())
    assert pool.pool_of(files.texts, files.split, transductive=False) == ["a", "c", "d", "f"]
    assert pool.pool_of(files.texts, files.split, transductive=True) == list("abcdef")
    # Other labels, and others that are labeled, are the same pool.
    other = split_of(
        labeled_idx=np.array([2, 3]), labeled_y=np.array([0, 1]), unlabeled_idx=np.array([0, 5])
    )
    files = written(tmp_path / "b", other)
    assert pool.pool_of(files.texts, files.split, transductive=False) == ["a", "c", "d", "f"]


def test_what_is_left_is_encoded_with_the_class_of_its_prompt(tmp_path):
    files = written(tmp_path, split_of(), ["one two three"] * 6)
    rows = [("sports", "p", "x y z"), ("world", "p", "x"), ("world", "p", "z y x")]
    rows = [dict(zip(("class", "prompt", "text"), row, strict=True)) for row in rows]
    files.generated = str(tmp_path / "generated.json")
    (tmp_path / "generated.json").write_text(json.dumps({"rows": rows}))
    names = ("filtered.json", "examples.npy", "labels.npy")
    out = SimpleNamespace(**{name.partition(".")[0]: tmp_path / name for name in names})
    how = {"min_words": 2, "max_overlap": 0.5}
    params = SimpleNamespace(filter=how, transductive=False, settings={"scale": 2})

    def encode(texts, scale):
        return np.array([[scale * len(text)] for text in texts])

    generated.filter_files(files, out, params, encode)
    assert json.loads(out.filtered.read_text()) == [KEPT, SHORT, KEPT]
    assert np.load(out.labels).tolist() == [1, 0]
    assert np.load(out.examples).tolist() == [[10], [10]]
    # Of nothing that is left there is an array, of no example.
    params.filter = {"min_words": 9, "max_overlap": 0.5}
    generated.filter_files(files, out, params, encode)
    assert np.load(out.examples).shape == (0, 1) and len(np.load(out.labels)) == 0


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """Return a function that runs a job of a tiny generator in a folder of its own."""
    for name in ("torch", "transformers"):
        pytest.importorskip(name, reason=f"{name}: generators are run by the extra text")
    from self_training.training import generator as jobs
    from tiny_transformers import write_generator

    model = write_generator(tmp_path_factory.mktemp("gpt"))

    def run(folder, split, texts, monkeypatch, **changes):
        monkeypatch.chdir(folder)
        files = written(folder / "data", split, texts)
        adapt = {"steps": 4, "batch_size": 2, "learning_rate": 0.01}
        settings = {"model": model, "revision": None, "transductive": False, "adapt": adapt}
        prompts = {"sports": ["the cup", "a goal"], "world": ["the war", "talks"]}
        settings |= {"classes": sorted(prompts), "prompts": prompts, "per_class": 5}
        settings |= {"new_tokens": None, "batch_size": 3}
        settings["sampling"] = {"temperature": 1, "top_k": 0, "top_p": 1, "repetition_penalty": 1}
        settings |= changes
        files.adapted = [str(folder / "results/s/adapted")] if settings["adapt"] else []
        params = SimpleNamespace(
            identity=IDENTITY, settings=settings, threads=1, fingerprint="f", code="c"
        )
        paths = {"record": "results/s/adapted.json", "model": "results/s/adapted"}

        def snakemake(output, rule):
            named = type("Output", (list,), output)(output.values())
            return SimpleNamespace(input=files, output=named, params=params, rule=rule)

        if settings["adapt"]:
            jobs.adapt_job(snakemake(paths, "adapt_generator"))
        made = {"generated": "results/s/generated.json"}
        jobs.generate_job(snakemake(made, "generate"))
        return json.loads((folder / made["generated"]).read_text())

    return run


TEXTS = ["the cup goal", "war talks", "oil bank shares", "a vote", "team news", "goal cup team a"]


def test_neither_labels_nor_test_texts_reach_a_generator(job, tmp_path, monkeypatch):
    """Permuted labels and other test texts change no text; other texts of the pool do."""
    folders = [tmp_path / name for name in ("a", "labels", "test", "pool")]
    for folder in folders:
        folder.mkdir()
    first = job(folders[0], split_of(), TEXTS, monkeypatch)
    assert [row["class"] for row in first["rows"]] == ["world"] * 5 + ["sports"] * 5
    assert {row["prompt"] for row in first["rows"]} == {"the cup", "a goal", "the war", "talks"}
    assert first["new_tokens"]["mean"] == np.mean([3, 3, 2, 4])
    permuted = split_of(labeled_y=np.array([0, 1]))
    assert job(folders[1], permuted, TEXTS, monkeypatch)["rows"] == first["rows"]
    others = [*TEXTS]
    for index in split_of().test_idx:
        others[index] = "shares shares shares shares shares shares shares"
    again = job(folders[2], split_of(), others, monkeypatch)
    assert again["rows"] == first["rows"] and again["new_tokens"] == first["new_tokens"]
    others = [*TEXTS]
    others[0] = "shares shares shares shares shares shares shares"
    assert job(folders[3], split_of(), others, monkeypatch)["rows"] != first["rows"]
    # With a setting that says so they do.
    folder = tmp_path / "transductive"
    folder.mkdir()
    seen = job(folder, split_of(), TEXTS, monkeypatch, transductive=True)
    assert seen["new_tokens"]["mean"] == np.mean([3, 2, 3, 2, 2, 4])


def test_only_the_continuation_is_kept_and_its_length_is_bounded(job, tmp_path, monkeypatch):
    how = {"adapt": None, "new_tokens": {"mean": 4, "deviation": 0}, "per_class": 8}
    rows = job(tmp_path, split_of(), TEXTS, monkeypatch, **how)["rows"]
    assert len(rows) == 16
    assert max(len(row["text"].split()) for row in rows) <= 4
    assert not any(row["text"].startswith(row["prompt"]) for row in rows)
    assert len({row["text"] for row in rows}) > 8


def test_a_batch_has_seeds_of_its_own(job, tmp_path, monkeypatch):
    """More texts of a class leave the first ones as they are, whatever other classes have."""
    folders = [tmp_path / name for name in ("five", "six")]
    for folder in folders:
        folder.mkdir()
    how = {"adapt": None, "batch_size": 3, "new_tokens": {"mean": 4, "deviation": 1}}
    five, six = (
        job(folder, split_of(), TEXTS, monkeypatch, per_class=count, **how)["rows"]
        for folder, count in zip(folders, (3, 6), strict=True)
    )
    assert five == six[:3] + six[6:9]
    assert six[:3] != six[3:6] and [row["text"] for row in six[:3]] != [
        row["text"] for row in six[6:9]
    ]


def test_jobs_go_on_after_a_kill(job, tmp_path, monkeypatch):
    from self_training.training import checkpoints, generator
    from self_training.training.checkpoints import Checkpoints

    folders = [tmp_path / name for name in ("whole", "killed")]
    for folder in folders:
        folder.mkdir()
    whole = job(folders[0], split_of(), TEXTS, monkeypatch)
    losses = json.loads((folders[0] / "results/s/adapted.json").read_text())["losses"]
    assert len(losses) == 4
    monkeypatch.setattr(checkpoints, "INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", 1e9)
    offered, offer = [], Checkpoints.offer

    def offer_and_die(self, name, state):
        offer(self, name, state)
        offered.append(name)
        if len(offered) in (2, 4):
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "offer", offer_and_die)
    for _ in range(2):
        # It is killed after the second step and after the last one.
        with pytest.raises(KeyboardInterrupt):
            job(folders[1], split_of(), TEXTS, monkeypatch)
        assert [*(folders[1] / "results/s/checkpoints").rglob("state.npz")]
    taken, step = [], generator.torch.optim.AdamW.step
    monkeypatch.setattr(
        generator.torch.optim.AdamW,
        "step",
        lambda self, *given: (taken.append(1), step(self, *given))[1],
    )
    monkeypatch.setattr(Checkpoints, "offer", offer)
    again = job(folders[1], split_of(), TEXTS, monkeypatch)
    assert not taken
    assert json.loads((folders[1] / "results/s/adapted.json").read_text())["losses"] == losses
    assert again["rows"] == whole["rows"]
    assert not [*(folders[1] / "results/s/checkpoints").rglob("*.npz")]
