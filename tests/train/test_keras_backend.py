import pytest

from hemalens.errors import ConfigError, MissingExtraError
from train.keras_backend import load_keras


def test_an_unknown_backend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(ConfigError, match="theano: wanted one of tensorflow, jax"):
        load_keras("Training", "train")


@pytest.mark.parametrize(
    ("backend", "error", "message"),
    [
        ("jax", ConfigError, "jax, which is not installed"),
        ("tensorflow", MissingExtraError, r"Training needs the extra: .*\[train\]"),
    ],
)
def test_a_backend_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
    error: type[Exception],
    message: str,
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.setattr("train.keras_backend.find_spec", lambda name: None)
    with pytest.raises(error, match=message):
        load_keras("Training", "train")
