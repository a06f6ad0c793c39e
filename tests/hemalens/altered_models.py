"""Bundles whose model was tampered with, under digests made afresh."""

import random
from functools import cache

from edge.bundles import open_bundle
from hemalens.bundle import Bundle, bundle_bytes, parse_bundle
from hemalens.signature import Signer

_HEADERS_BYTES = 20_000
"""At the end of the flatbuffer lie its tables, before them the weights."""


@cache
def _cnn() -> Bundle:
    return open_bundle("cnn")


def altered_model(seed: int) -> bytes:
    """Change a few bytes of the shipped model, most of them in its tables."""
    chance = random.Random(seed)
    model = bytearray(_cnn().model)
    for _ in range(chance.choice([1, 2, 8, 32])):
        if chance.random() < 0.8:
            at = chance.randrange(len(model) - _HEADERS_BYTES, len(model))
        else:
            at = chance.randrange(0, 400)
        flipped = model[at] ^ (1 << chance.randrange(8))
        model[at] = chance.choice([0, 255, 128, flipped, chance.randrange(256)])
    return bytes(model)


def altered_bundle(seed: int) -> Bundle:
    """Pack an altered model as if it were whole."""
    cnn = _cnn()
    packed = bundle_bytes(cnn.manifest, altered_model(seed), cnn.golden, cnn.evidence)
    return parse_bundle(packed)


def exchanged_classes(signer: Signer | None = None) -> bytes:
    """Exchange two class names of the shipped bundle, with digests that fit."""
    cnn = _cnn()
    first, second, *rest = cnn.manifest.classes
    manifest = cnn.manifest.model_copy(update={"classes": (second, first, *rest)})
    return bundle_bytes(manifest, cnn.model, cnn.golden, cnn.evidence, signer)
