"""``python -m tests.fuzz.models FIRST END``: run altered models, one line for each."""

import json
import sys

from hemalens.classifier import BundleClassifier
from hemalens.errors import BundleError
from tests.hemalens.altered_models import altered_bundle


def main() -> None:
    """Print of each how it ended."""
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        try:
            BundleClassifier(altered_bundle(seed), threads=1)
            outcome = "same outputs"
        except BundleError:
            outcome = "refused"
        except Exception as error:  # noqa: BLE001 - what a person would see
            outcome = f"traceback {type(error).__name__}, seed {seed}"
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()
