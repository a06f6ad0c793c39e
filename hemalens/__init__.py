"""The shared vocabulary of HemaLens: classes, records, errors, crops, bundles."""

__version__: str


def __getattr__(name: str) -> str:
    """Read ``__version__`` when it is asked for: few do, and all import this."""
    if name == "__version__":
        from importlib.metadata import version

        return version("hemalens")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
