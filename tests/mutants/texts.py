"""Mutants of texts: what is read, how it becomes numbers, and noise on words."""

from mutants.mutant import Mutant

READERS = [
    Mutant(
        "ampersands_stay_lost",
        "character references that have lost their ampersand stay in texts as words",
        "text/cleaning.py",
        '    text = unescape(_BARE_REFERENCE.sub(r"&\\1;", text))\n',
        "",
        ("test_text_readers.py::test_debris_of_web_pages_is_taken_out",),
    ),
    Mutant(
        "line_breaks_glue_words",
        "a backslash that stood for a line break glues two words together",
        "text/cleaning.py",
        '_BACKSLASHES.sub(" ",',
        '_BACKSLASHES.sub("",',
        ("test_text_readers.py::test_debris_of_web_pages_is_taken_out",),
    ),
    Mutant(
        "first_text_column_alone",
        "of several columns of text the first one is read",
        "text/readers.py",
        "BETWEEN.join(filter(None, row)) for row",
        "row[0] or row[-1] for row",
        ("test_text_readers.py::test_tables_of_texts",),
    ),
    Mutant(
        "empty_parts_joined",
        "a text without a title begins with a line break",
        "text/readers.py",
        "BETWEEN.join(filter(None, row))",
        "BETWEEN.join(row)",
        ("test_text_readers.py::test_json_lines",),
    ),
    Mutant(
        "texts_of_other_rows",
        "texts are loaded in the order of the file, whichever are asked for",
        "text/readers.py",
        "return Examples(y, class_names, texts.__getitem__, _ids",
        "return Examples(y, class_names, lambda kept: texts[: len(kept)], _ids",
        ("test_text_readers.py::test_tables_of_texts",),
    ),
    Mutant(
        "unlabeled_texts_not_cleaned",
        "labeled texts are cleaned and unlabeled ones are not",
        "text/readers.py",
        'of_unlabeled(settings["unlabeled"], settings)',
        'of_unlabeled(settings["unlabeled"], settings | {"clean": "none"})',
        ("test_text_readers.py::test_unlabeled_texts_lie_in_a_place_of_their_own",),
    ),
    Mutant(
        "floats_are_classes",
        "a column of measured numbers is taken for classes",
        "text/readers.py",
        "if known and all(map(_is_number, known)):",
        "if known and all(map(str.isdecimal, known)):",
        ("test_text_readers.py::test_a_wrong_table_is_told",),
    ),
    Mutant(
        "ragged_rows_read",
        "a row with a value too many is read, its columns out of step",
        "text/tables.py",
        "if len(row) != len(names):",
        "if len(row) < len(names):",
        ("test_text_readers.py::test_a_wrong_table_is_told",),
    ),
]

VECTORS = [
    Mutant(
        "padding_in_the_mean",
        "a short text's vector is drawn towards what pads it",
        "text/sentence.py",
        "weights = mask.unsqueeze(-1).to(tokens.dtype)",
        "weights = (mask.unsqueeze(-1) * 0 + 1).to(tokens.dtype)",
        ("test_sentence_vectors.py::test_padding_counts_for_nothing",),
    ),
    Mutant(
        "vectors_of_any_length",
        "vectors keep their lengths",
        "text/sentence.py",
        "clamp(min=1e-9), dim=1)",
        "clamp(min=1e-9), dim=1, p=1)",
        ("test_sentence_vectors.py::test_padding_counts_for_nothing",),
    ),
    Mutant(
        "vectors_in_the_order_of_lengths",
        "vectors are those of other texts: they stay in the order in which they were encoded",
        "text/sentence.py",
        "vectors[rows] = pool",
        "vectors[start : start + len(rows)] = pool",
        ("test_sentence_vectors.py::test_a_vector_depends_on_no_other_text",),
    ),
    Mutant(
        "encoder_without_its_vocabulary",
        "other words in an encoder's vocabulary are no other encoder",
        "data/encoders.py",
        "return sorted(weights | named)",
        "return sorted(weights)",
        ("test_sentence_vectors.py::test_an_encoder_s_files_are_its_identity",),
    ),
]

TEXTS = [*READERS, *VECTORS]
