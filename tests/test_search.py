import pytest
from self_training.methods.proposals import chains, propose
from self_training.methods.search import select
from self_training.study.candidates import HYPER_PARAMETERS, Candidate, grid

SPACE = {
    "unlabeled_fraction": [0.05, 0.1, 0.2],
    "threshold": [0.4, 0.5, 0.6, 0.7, 0.8],
    "generations": [1, 2, 3],
    "ensemble_size": [2, 3],
}


def test_grid_is_the_original_space():
    candidates = grid(SPACE)
    assert len(candidates) == len(set(candidates)) == 3 * 5 * 3 * 2


def test_candidates_without_generations_are_one():
    candidates = grid(SPACE | {"generations": [0, 1], "ensemble_size": [1]})
    assert len(candidates) == 1 + 3 * 5
    assert Candidate(None, None, 0, 1) in candidates


def test_random_draws_from_the_grid_without_repetition():
    drawn = propose(SPACE, "random", 7, [], [], study=1, dataset="d", outer_fold=0)
    assert len(set(drawn)) == 7 and set(drawn) <= set(grid(SPACE))
    assert drawn == propose(SPACE, "random", 7, [], [], study=1, dataset="d", outer_fold=0)
    assert drawn != propose(SPACE, "random", 7, [], [], study=1, dataset="d", outer_fold=1)
    assert propose(SPACE, "random", 1000, [], [], study=1) == grid(SPACE)


def test_inherited_hyper_parameters_are_not_searched_again():
    choice = {"hyper_parameters": Candidate(0.1, 0.7, 2, 1).as_dict()}
    everything = [list(HYPER_PARAMETERS)]
    candidates = propose({"ensemble_size": [2, 3]}, "grid", None, everything, [choice])
    assert candidates == [Candidate(0.1, 0.7, 2, 2), Candidate(0.1, 0.7, 2, 3)]
    assert propose({}, "fixed", None, everything, [choice]) == [Candidate(0.1, 0.7, 2, 1)]


def test_a_fair_control_takes_the_size_of_an_ensemble_alone():
    choice = {"hyper_parameters": Candidate(0.1, 0.7, 2, 3).as_dict()}
    space = {"unlabeled_fraction": [None], "threshold": [None], "generations": [0]}
    taken = propose(space, "fixed", None, [["ensemble_size"]], [choice])
    assert taken == [Candidate(None, None, 0, 3)]


def test_candidates_share_chains():
    assert chains(grid(SPACE)) == [
        Candidate(fraction, threshold, 3, size)
        for fraction in (0.05, 0.1, 0.2)
        for threshold in (0.4, 0.5, 0.6, 0.7, 0.8)
        for size in (2, 3)
    ]
    some = [Candidate(0.1, 0.5, 1, 1), Candidate(0.2, 0.5, 3, 1), Candidate(0.1, 0.5, 2, 1)]
    assert chains(some) == [Candidate(0.1, 0.5, 2, 1), Candidate(0.2, 0.5, 3, 1)]


def test_select_takes_the_best_mean():
    candidates = grid(SPACE)
    scores = [[0.5, 0.5, 0.5] for _ in candidates]
    scores[17] = [0.4, 0.7, 0.7]
    scores[40] = [0.9, 0.3, 0.3]
    choice = select(candidates, scores, 60, "best")
    assert choice["hyper_parameters"] == candidates[17].as_dict()
    assert choice["candidates"][17]["mean_accuracy"] == pytest.approx(0.6)


def test_select_takes_the_cheapest_of_equals():
    candidates = [Candidate(0.1, 0.5, 2, 3), Candidate(0.2, 0.4, 1, 3), Candidate(0.2, 0.5, 1, 2)]
    # Equal but for the order of summation.
    scores = [[0.9, 0.8, 0.7], [0.7, 0.8, 0.9], [0.8, 0.7, 0.9]]
    assert select(candidates, scores, 60, "best")["hyper_parameters"] == candidates[2].as_dict()


def test_select_without_a_choice():
    assert (
        select([Candidate(None, None, 0, 1)], [[]], 60, "best")["hyper_parameters"]["generations"]
        == 0
    )


def test_one_standard_error_is_worth_less_than_what_it_costs():
    """Of 60 labels and an accuracy of 0.8 it is 0.0516."""
    dear, cheap = Candidate(0.1, 0.5, 3, 3), Candidate(0.1, 0.5, 1, 1)
    near, far = [[0.8, 0.8], [0.75, 0.75]], [[0.8, 0.8], [0.74, 0.74]]
    choice = select([dear, cheap], near, 60, "one_standard_error")
    assert choice["selected"] == 1 and choice["hyper_parameters"] == cheap.as_dict()
    assert choice["candidates"][0]["standard_error"] == pytest.approx(0.05164, abs=1e-5)
    assert select([dear, cheap], far, 60, "one_standard_error")["selected"] == 0
    assert select([dear, cheap], near, 60, "best")["selected"] == 0
    # With more labels the difference is more than noise.
    assert select([dear, cheap], near, 600, "one_standard_error")["selected"] == 0


def test_shorter_training_costs_less():
    long, short = Candidate(None, None, 0, 1, steps=900), Candidate(None, None, 0, 1, steps=300)
    assert select([long, short], [[0.5], [0.5]], 60, "best")["selected"] == 1


def test_how_networks_are_trained_is_searched_too():
    space = {"unlabeled_fraction": [None], "threshold": [None], "generations": [0]}
    space |= {"ensemble_size": [1], "learning_rate": [0.001, 0.003], "magnitude": [0, 5]}
    candidates = grid(space)
    assert [candidate.of_networks() for candidate in candidates] == [
        {"learning_rate": 0.001, "magnitude": 0},
        {"learning_rate": 0.001, "magnitude": 5},
        {"learning_rate": 0.003, "magnitude": 0},
        {"learning_rate": 0.003, "magnitude": 5},
    ]
    # Where no student is trained it does not matter how.
    students = grid(space | {"threshold": [0.5], "generations": [0, 1]})
    assert len(students) == 1 + 4 and students[0] == Candidate(None, None, 0, 1)
    assert len(chains(students)) == 5
