"""Mutants of what is refused: input that would make numbers wrong, or would be run."""

from mutants.mutant import Mutant

BAD_INPUT = [
    Mutant(
        "every_format_of_images",
        "an image is whatever Pillow can open, by other programs too",
        "image/decoding.py",
        "Image.open(path, formats=_FORMATS)",
        "Image.open(path)",
        ("test_bad_data.py::test_images_of_other_formats_under_a_name_that_is_not_theirs",),
    ),
    Mutant(
        "a_config_may_run_code",
        "a config may have the key by which Snakemake runs what stands in it",
        "study/config_file.py",
        "if key == _RUNS_CODE:",
        "if key == 1:",
        ("test_bad_config.py::test_files_that_are_no_config",),
    ),
]
