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

WORDS = [
    Mutant(
        "words_hashed_anew_each_time",
        "ids come from a hash that every start of Python draws anew",
        "text/ngrams.py",
        'zlib.crc32(word.encode("utf-8", "replace"))',
        "hash(word)",
        ("test_words.py::test_ids_are_the_same_on_every_machine",),
    ),
    Mutant(
        "a_word_s_id_is_padding",
        "some words have the ids of what pads a text and of masked words",
        "text/ngrams.py",
        "% (IDS - 2) + 2",
        "% IDS",
        ("test_words.py::test_ids_are_spread_and_fit_a_bigram_into_32_bits",),
    ),
    Mutant(
        "case_of_letters_counts",
        "a word at the beginning of a sentence is another word",
        "text/ngrams.py",
        "text.lower()",
        "text",
        ("test_words.py::test_words_are_lower_case_and_padded",),
    ),
    Mutant(
        "padding_in_the_bag",
        "short texts are drawn towards the embedding of padding",
        "text/backbones/bag_of_ngrams.py",
        'ops.cast(ops.greater(ids, MASK), "int32")',
        'ops.cast(ops.greater(ids, MASK - 2), "int32")',
        ("test_bag_of_ngrams.py::test_padding_changes_nothing",),
    ),
    Mutant(
        "masked_words_in_the_bag",
        "a masked word has an embedding of its own, which no text to predict has",
        "text/backbones/bag_of_ngrams.py",
        "ops.greater(ids, MASK)",
        "ops.greater(ids, MASK - 1)",
        ("test_bag_of_ngrams.py::test_it_is_the_mean_of_words_and_pairs",),
    ),
    Mutant(
        "pairs_of_what_is_no_word",
        "the last word of a text makes a pair with what pads it",
        "text/backbones/bag_of_ngrams.py",
        "is_word[:, :-1] * is_word[:, 1:]]",
        "is_word[:, :-1]]",
        ("test_bag_of_ngrams.py::test_it_is_the_mean_of_words_and_pairs",),
    ),
    Mutant(
        "pairs_without_order",
        "two words are the same pair in either order",
        "text/backbones/bag_of_ngrams.py",
        "ids[:, :-1] * _MULTIPLIER + ids[:, 1:]",
        "(ids[:, :-1] + ids[:, 1:]) * (_MULTIPLIER // 2)",
        ("test_bag_of_ngrams.py::test_it_is_the_mean_of_words_and_pairs",),
    ),
]

NOISE = [
    Mutant(
        "noise_of_no_word",
        "what pads a text is chosen for noise as its words are, and masked",
        "text/noise.py",
        "masked & is_word",
        "masked & (ids >= PAD)",
        ("test_words.py::test_noise_keeps_shape_type_and_words",),
    ),
    Mutant(
        "noise_three_times_as_strong",
        "a magnitude is of 30 words instead of 100",
        "text/noise.py",
        "magnitude / 100",
        "magnitude / LARGEST_MAGNITUDE",
        ("test_words.py::test_a_magnitude_is_of_100_words",),
    ),
    Mutant(
        "swaps_lose_a_word",
        "where a word changes places with the next one, one is lost and one is there twice",
        "text/noise.py",
        "xp.where(second, previous, ids)",
        "ids",
        ("test_words.py::test_words_change_places_with_the_next_one",),
    ),
    Mutant(
        "swaps_overlap",
        "a word can change places twice, so that one is lost",
        "text/noise.py",
        "first = chosen & ~before & (after > MASK)",
        "first = chosen & (after > MASK)",
        ("test_words.py::test_words_change_places_with_the_next_one",),
    ),
    Mutant(
        "deleted_words_leave_gaps",
        "a word that is left out leaves padding in a text, and its neighbors are no pair",
        "text/noise.py",
        'order = xp.argsort(deleted.astype("int8"), axis=1, stable=True)',
        'order = xp.argsort(deleted.astype("int8") * 0, axis=1, stable=True)',
        ("test_words.py::test_deleted_words_leave_no_gap",),
    ),
    Mutant(
        "empty_texts_trained_on",
        "noise can leave a text without a word, with its label",
        "text/noise.py",
        "xp.where(some_left[:, None], noisy, ids)",
        "xp.where(some_left[:, None], noisy, noisy)",
        ("test_words.py::test_a_text_without_words_is_left_alone",),
    ),
]

SEEN = [
    Mutant(
        "texts_of_other_examples",
        "pseudo-labels are shown with the texts of others",
        "text/show.py",
        'texts[row["example"]]',
        "texts[rows.index(row)]",
        ("test_text_pictures.py::test_pseudo_labels_are_shown_with_their_texts",),
    ),
    Mutant(
        "features_of_whether_words_occur",
        "how often a word occurs makes no difference to a look at the data",
        "text/features.py",
        "% WIDTH] += 1",
        "% WIDTH] = 1",
        ("test_text_pictures.py::test_features_are_of_words_alone",),
    ),
]

WIRING = [
    Mutant(
        "encoder_s_files_do_not_count",
        "other files of an encoder encode nothing anew",
        "study/encoders.py",
        'return encoders.fingerprint(encoder["model"], encoder.get("revision"))',
        'return encoder["model"]',
        ("test_text_study.py::test_encoders_are_planned",),
    ),
    Mutant(
        "encoder_s_code_does_not_count",
        "other code of an encoder encodes nothing anew",
        "study/plan_of_data.py",
        'code_digest("encode", self.encoder(wildcards))',
        'code_digest("encode")',
        ("test_text_study.py::test_encoders_are_planned",),
    ),
    Mutant(
        "an_encoder_of_the_hub_may_change",
        "an encoder is whatever the hub has on the day",
        "study/encoders.py",
        'if on_hub and "revision" not in encoder:',
        'if on_hub and "model" not in encoder:',
        ("test_text_study.py::test_a_wrong_config_is_told",),
    ),
    Mutant(
        "labels_among_the_texts",
        "a column of labels may be a part of the text",
        "study/checks_of_datasets.py",
        'for name in ("text_columns", "feature_columns"):',
        'for name in ("feature_columns",):',
        ("test_text_study.py::test_a_wrong_config_is_told",),
    ),
    Mutant(
        "ids_of_words_as_vectors",
        "networks that take vectors are given ids of words",
        "study/encoders.py",
        "return VECTORS if kind == TEXTS and of(dataset)",
        "return VECTORS if kind == TEXTS or of(dataset)",
        ("test_text_study.py::test_a_wrong_config_is_told",),
    ),
]

TEXTS = [*READERS, *VECTORS, *WORDS, *NOISE, *SEEN, *WIRING]
