import pytest


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach loopback directly, whatever this machine's proxy."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
