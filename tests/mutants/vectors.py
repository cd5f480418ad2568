"""Mutants of vectors: read, scaled, penalized, noised."""

from mutants.mutant import Mutant

HERE = "test_vectors.py::"

VECTORS = [
    Mutant(
        "scaling_of_the_first_run",
        "networks of a job are all scaled by the pool of its first fold",
        "training/trainer.py",
        "            values[at.index(id(layer.moving_mean))] = run.pool.mean\n",
        "            self.first = getattr(self, 'first', run.pool.mean)\n"
        "            values[at.index(id(layer.moving_mean))] = self.first\n",
        (HERE + "test_scaling_is_by_the_pool_of_the_run_and_goes_along_with_its_network",),
    ),
    Mutant(
        "runs_of_two_pools_are_one",
        "a run with another pool is taken for one that was trained already",
        "training/runs.py",
        "*self.predict.values(), *(self.pool or ())):",
        "*self.predict.values()):",
        (HERE + "test_scaling_is_by_the_pool_of_the_run_and_goes_along_with_its_network",),
    ),
    Mutant(
        "scaling_of_variances",
        "features are divided by the square of their variance",
        "training/trainer.py",
        "= deviation**2",
        "= deviation**4",
        (HERE + "test_scaling_is_by_the_pool_of_the_run_and_goes_along_with_its_network",),
    ),
    Mutant(
        "constant_features_divide_by_zero",
        "a feature that is constant in the pool is scaled by nothing",
        "training/trainer.py",
        "np.where(run.pool.deviation > 0, run.pool.deviation, 1)",
        "run.pool.deviation",
        (HERE + "test_a_constant_feature_is_no_division_by_zero",),
    ),
    Mutant(
        "pool_of_all_examples",
        "features are described over all examples, those of the test fold among them",
        "data/pool.py",
        "examples[np.sort(indices)]",
        "examples[:]",
        (HERE + "test_the_pool_is_described_by_its_own_examples",),
    ),
    Mutant(
        "pool_without_unlabeled",
        "the pool of a training job is its labeled examples alone",
        "training/job.py",
        "[np.concatenate([split.labeled_idx, split.unlabeled_idx]) for split in splits]",
        "[split.labeled_idx for split in splits]",
        (HERE + "test_a_job_describes_the_pool_and_never_the_test_fold",),
    ),
    Mutant(
        "pool_with_the_test_fold",
        "a training job scales by test examples, too",
        "training/job.py",
        "np.concatenate([split.labeled_idx, split.unlabeled_idx])",
        "np.concatenate([split.labeled_idx, split.unlabeled_idx, split.test_idx])",
        (HERE + "test_a_job_describes_the_pool_and_never_the_test_fold",),
    ),
    Mutant(
        "penalty_of_biases",
        "biases are penalized, too",
        "training/trainer.py",
        "if len(variable.shape) > 1]",
        "if len(variable.shape) > 0]",
        (HERE + "test_the_penalty_shrinks_all_weights_but_biases",),
    ),
    Mutant(
        "penalty_not_halved",
        "the penalty is twice what it is said to be",
        "training/one_by_one.py",
        "penalties[step] / 2 *",
        "penalties[step] *",
        (HERE + "test_softmax_regression_is_that_of_scikit_learn",),
    ),
    Mutant(
        "penalty_of_the_job",
        "a run's own penalty is that of the job",
        "training/batches.py",
        "penalties=np.full(len(order), settings.l2, np.float32)",
        "penalties=np.full(len(order), 0.5, np.float32)",
        (HERE + "test_a_run_may_have_a_penalty_of_its_own_without_another_network",),
    ),
    Mutant(
        "noise_of_one_size",
        "gaussian noise has one size for all features",
        "vector/noise.py",
        "* np.float32(magnitude) * pool.deviation",
        "* np.float32(magnitude)",
        (HERE + "test_gaussian_noise_is_in_units_of_each_feature_s_deviation",),
    ),
    Mutant(
        "dropped_to_zero",
        "features that are left out are 0, not their mean",
        "vector/noise.py",
        "np.broadcast_to(pool.mean, shape)",
        "np.zeros(shape, np.float32)",
        (HERE + "test_features_that_are_left_out_have_the_mean_of_the_pool",),
    ),
    Mutant(
        "one_feature_mask_for_all",
        "all features of a vector are left out, or none",
        "vector/noise.py",
        "rng.random(shape, np.float32) <",
        "np.broadcast_to(rng.random((shape[0], 1), np.float32), shape) <",
        (HERE + "test_features_that_are_left_out_have_the_mean_of_the_pool",),
    ),
    Mutant(
        "columns_in_the_order_of_the_file",
        "features stand in the order of the file, whatever feature_columns says",
        "vector/readers.py",
        "[features.index(name) for name in columns]",
        "list(range(len(columns)))",
        (
            HERE + "test_a_csv_file_of_numbers_has_features_in_columns",
            HERE + "test_unlabeled_rows_lie_in_a_file_of_their_own",
        ),
    ),
]
