"""A campaign of malformed configs: each gets one message that says where, what and what to do."""

import json

import pytest
import yaml
from conftest import tiny_config
from self_training.errors import ConfigError
from self_training.study import config_file

PLAIN = yaml.safe_dump(tiny_config())
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 9)
)


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        "# study: no\n" + PLAIN,
        json.dumps(tiny_config()),
        json.dumps(tiny_config(), indent=4),
        # YAML has no tabs, and Snakemake reads JSON first.
        json.dumps(tiny_config(), indent="\t"),
        "a: &a {x: 1}\nb: {<<: *a, x: 2}\n",
        "a: &a [1, 2]\nb: *a\nc: *a\n",
        "1: a\n'1': b\n",
    ],
)
def test_files_of_configs(tmp_path, content):
    path = tmp_path / "study.yaml"
    path.write_bytes(content.encode())
    config_file.check_file(path)


FILES = {
    "a key twice": (
        "seed: 1\nmethods:\n  a: {}\n  b: {}\n  a: {}\n",
        "line 5: Expected every key once. Received 'a' again",
    ),
    "a key twice in JSON": ('{"a": {"x": 1, "x": 2}}', "every key once. Received 'x' again"),
    "runs code": (
        "seed: 1\n__use_yte__: true\n",
        "line 2: Expected a config of plain values. Received '__use_yte__', which .* Remove the",
    ),
    "runs code, in quotes": ("'__use_yte__': true\n", "line 1: Expected a config of plain values"),
    "says that it runs no code": ("__use_yte__: false\n", "line 1: Expected a config of plain"),
    "runs code, in JSON": ('{"__use_yte__": true}', "Expected a config of plain values"),
    "runs code, within": ("a: {b: [{__use_yte__: true}]}", "line 1: Expected a config of plain"),
    "aliases of aliases": (BOMB, "at most 100000 values. Received more, aliases replaced by"),
    "an alias of itself": ("a: &a {b: *a}\n", "line 1: Expected values. Received an alias of its"),
    "tabs": ("a:\n\tb: 1\n", "line 2: Expected YAML. .* Indent by blanks, not by tabs"),
    "an open bracket": ("a: [1\nb: 2\n", "line 2: Expected YAML. Received a mistake in it"),
    "two colons": ("a: b: c\n", "line 1: Expected YAML. Received a mistake in it .*not allowed"),
    "an unknown tag": ("a: !!python/name:os.system x\n", "line 1: Expected YAML. .*constructor"),
    "an object": ("a: !!python/object/apply:os.getcwd []\n", "line 1: Expected YAML"),
    "a date that is none": ("a: 2020-13-45\n", "Expected YAML. Received a value that is none"),
    "two documents": ("a: 1\n---\nb: 2\n", "line 2: Expected YAML. .*another document"),
    "nothing": ("", "Expected keys and their values, .* Received nothing"),
    "a comment": ("# a\n", "Expected keys and their values, .* Received nothing"),
    "a list": ("- a\n", "Expected keys and their values, .* Received something else"),
    "a text": ("study\n", "Expected keys and their values, .* Received something else"),
    "a list in JSON": ("[1]", "Expected keys and their values, .* Received something else"),
    "deep": ("a: " + "[" * 5000 + "]" * 5000, "Expected a config of some levels"),
    "large": (f"a: {'x' * 2**20}\n", "Expected a config of at most 1048576 bytes. Received 10485"),
    "an unknown alias": ("a: *b\n", "line 1: Expected YAML. .*undefined alias"),
    "a null byte": ("a: \x00\n", "Expected YAML"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_config(tmp_path, name):
    content, message = FILES[name]
    path = tmp_path / "study.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=rf"study\.yaml.*{message}") as caught:
        config_file.check_file(path)
    assert len(str(caught.value)) < 500


def test_no_file_of_a_config(tmp_path):
    with pytest.raises(ConfigError, match="none.yaml: Expected the file of a config. .* no file"):
        config_file.check_file(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="Expected the file of a config. Received a folder"):
        config_file.check_file(tmp_path)
    path = tmp_path / "study.yaml"
    path.write_bytes(b"a: 1\nb: \xe9\n")
    with pytest.raises(ConfigError, match="study.yaml, line 2: Expected UTF-8. .* Save the file"):
        config_file.check_file(path)
