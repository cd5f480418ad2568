"""What a model card says of each kind of examples, and what shows one in Label Studio."""

from collections.abc import Callable
from typing import NamedTuple


class Words(NamedTuple):
    """Words for a kind of examples.

    tag: of Label Studio, in lower case: what shows an example.
    one: an example, at the beginning of a sentence.
    of_shape: from the shape of what networks take to what they label.
    given: how plain Keras is given them.
    others, made_otherwise: what a model is not for.
    """

    tag: str
    one: str
    of_shape: Callable[[list[int]], str]
    given: str
    others: str
    made_otherwise: str


def _images(shape: list[int]) -> str:
    height, width, channels = shape
    return f"images of {height} x {width} pixels in {'grayscale' if channels == 1 else 'color'}"


WORDS = {
    "images": Words(
        tag="image",
        one="An image",
        of_shape=_images,
        given="Your images, pixels scaled to [0, 1].",
        others="other kinds of images, sizes and colors than those that it was trained on",
        made_otherwise="images that were made otherwise: another camera, place, time or selection",
    ),
    "vectors": Words(
        tag="table",
        one="A vector",
        of_shape=lambda shape: f"vectors of {shape[0]} features",
        given="Your vectors, as the study had them: not scaled.",
        others="other features, or features in another order or other units, than those that it "
        "was trained on",
        made_otherwise="vectors that were made otherwise: another encoder, instrument, place, time "
        "or selection",
    ),
    "texts": Words(
        tag="text",
        one="A text",
        of_shape=lambda shape: "texts",
        given='Yours: self_training.text.streams.encode(texts, model["reading"]).',
        others="texts in other languages, or of other lengths, than those that it was trained on",
        made_otherwise="texts that were made otherwise: other authors, subjects, time or selection",
    ),
}
