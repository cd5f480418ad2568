"""What a model card says of loading the networks without this package: lines of Python."""

from self_training.deployment.kinds_in_words import WORDS
from self_training.deployment.model import Model
from self_training.study import deployed_transformers


def framework(model: Model) -> str:
    """Return whose networks a model has, as a card calls them."""
    return "PyTorch" if _is_transformer(model) else "Keras"


def lines(model: Model) -> list[str]:
    """Return the section of a card that says how a model is loaded, as Markdown."""
    of_kind = _of_transformers if _is_transformer(model) else _of_keras
    library = "Hugging Face's transformers" if _is_transformer(model) else "plain Keras"
    return [
        "`self-training predict` labels files (docs/deployment.md). Or in this folder, with "
        f"{library}:",
        "",
        "```python",
        *of_kind(model),
        'print([model["classes"][i] for i in p.argmax(axis=1)], p / p.sum(axis=1, keepdims=True))',
        "```",
    ]


def _is_transformer(model: Model) -> bool:
    return model.backend == deployed_transformers.BACKEND


def _of_keras(model: Model) -> list[str]:
    shape = ", ".join(map(str, [1, *model.shape]))
    return [
        "import json, keras, numpy as np",
        'model = json.load(open("model.json"))',
        f'x = np.zeros(({shape}), "float32")  # {WORDS[model.kind].given}',
        'p = np.mean([keras.models.load_model(m["file"])(x) for m in model["members"]], axis=0) '
        '** (1 / model["temperature"])',
    ]


def _of_transformers(model: Model) -> list[str]:
    cleaning = model.reading.get("clean", "none")
    how = "" if cleaning == "none" else f': self_training.text.cleaning.clean(texts, "{cleaning}")'
    return [
        "import json, numpy as np",
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer",
        'model = json.load(open("model.json"))',
        f'texts = ["A text."]  # Yours, cleaned as the study has cleaned its own{how}.',
        f'tokenizer = AutoTokenizer.from_pretrained("{deployed_transformers.FIRST}")',
        'x = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")',
        'x = {"input_ids": x["input_ids"], "attention_mask": x["attention_mask"]}',
        'networks = [m["file"].rpartition("/")[0] for m in model["members"]]',
        "networks = map(AutoModelForSequenceClassification.from_pretrained, networks)",
        "p = [network(**x).logits.softmax(dim=1).detach().numpy() for network in networks]",
        'p = np.mean(p, axis=0) ** (1 / model["temperature"])',
    ]
