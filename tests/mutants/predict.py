"""Mutants of what a deployed model says of new examples."""

from mutants.mutant import Mutant

LABELS = [
    Mutant(
        "class_columns_in_another_order",
        "the probabilities of classes stand under the names of others",
        "deployment/labels.py",
        "zip(names, calibrated.T, strict=True)",
        "zip(names, calibrated.T[::-1], strict=True)",
        ("test_deployed_model.py::test_the_table_of_labels_by_hand",),
    ),
    Mutant(
        "labels_of_the_first_member",
        "an ensemble is deployed, and its first member alone is asked",
        "deployment/labels.py",
        "mean = ensemble(probabilities)",
        "mean = ensemble(probabilities[:1])",
        ("test_deployed_model.py::test_the_table_of_labels_by_hand",),
    ),
    Mutant(
        "confidence_uncalibrated",
        "confidences are those of the networks, whatever the calibration found",
        "deployment/labels.py",
        '"confidence": calibrated.max(axis=1)',
        '"confidence": mean.max(axis=1)',
        (
            "test_deployed_model.py::"
            "test_confidence_and_class_columns_are_calibrated_and_labels_are_not_changed",
        ),
    ),
    Mutant(
        "deployed_temperature_inverse",
        "overconfident networks are made more so",
        "deployment/labels.py",
        '"soft", model.temperature)',
        '"soft", 1 / model.temperature)',
        (
            "test_deployed_model.py::"
            "test_confidence_and_class_columns_are_calibrated_and_labels_are_not_changed",
        ),
    ),
    Mutant(
        "agreement_of_one_member",
        "members agree where the first one does",
        "deployment/labels.py",
        "(probabilities.argmax(axis=2) == labels)",
        "(probabilities[:1].argmax(axis=2) == labels)",
        ("test_deployed_model.py::test_the_table_of_labels_by_hand",),
    ),
]

NUMBERS = [
    Mutant(
        "deployed_dropout_on",
        "a deployed network predicts with the noise that it was trained with",
        "deployment/networks.py",
        "predict(network, inputs, every, len(model.classes), model.batch_size)",
        "np.asarray(network(inputs.astype(np.float32) / 255, training=True))",
        ("test_predict.py::test_a_deployed_model_predicts_what_the_study_does_to_the_last_bit",),
    ),
    Mutant(
        "members_in_another_order",
        "members of a deployed model are not in the order that is written down",
        "deployment/networks.py",
        "for member in model.members:\n        path",
        "for member in model.members[::-1]:\n        path",
        ("test_predict.py::test_a_deployed_model_predicts_what_the_study_does_to_the_last_bit",),
    ),
    Mutant(
        "resized_by_another_filter",
        "new images are resized otherwise than those of the study",
        "image/decoding.py",
        "Image.Resampling.BILINEAR",
        "Image.Resampling.BICUBIC",
        ("test_predict.py::test_images_are_resized_and_converted_as_the_study_did",),
    ),
]

ROWS = [
    Mutant(
        "last_images_dropped",
        "what does not fill a chunk is left out",
        "data/streams.py",
        "for start in range(0, length, size):",
        "for start in range(0, max(1, length - size + 1), size):",
        ("test_predict.py::test_images_are_read_some_at_a_time",),
    ),
    Mutant(
        "rows_numbered_anew",
        "two images of a table are called by one number",
        "data/csv_stream.py",
        "str(before + row)",
        "str(row)",
        ("test_predict.py::test_images_are_read_some_at_a_time",),
    ),
    Mutant(
        "pixels_in_the_order_of_the_file",
        "pixels are taken as they stand, though the study knew them by their names",
        "data/csv_stream.py",
        "read_rows(path, some, header, texts, numbers, before)[:, order]",
        "read_rows(path, some, header, texts, numbers, before)",
        ("test_predict.py::test_pixel_columns_are_found_by_the_names_that_the_study_knew",),
    ),
]

PREDICT = [*LABELS, *NUMBERS, *ROWS]
