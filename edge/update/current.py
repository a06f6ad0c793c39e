"""The model a device counts with: the current bundle, or the next one that is whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from edge.bundles import DEFAULT_BUNDLE, open_bundle
from edge.bundles.origin import doubt_of
from edge.update.errors import read_errors
from edge.update.golden_test import run_golden_test
from edge.update.switch import Switch
from hemalens.bundle import SUFFIX, Bundle, read_bundle
from hemalens.errors import BundleError
from hemalens.signature import TrustedKeys, read_trusted_keys

CURRENT: Final = "current"
"""Names the bundle a device was updated to."""

DEFAULT_ROOT: Final = Path("/var/lib/hemalens")
KEY_SUFFIX: Final = ".pub"

_BUNDLES: Final = "bundles"
_KEYS: Final = "keys"
_TRUSTED: Final = "trusted.json"


class ModelRoot:
    """Where a device keeps its models.

    Parameters
    ----------
    path : Path
        ``/var/lib/hemalens`` on a device.
    """

    def __init__(self, path: Path = DEFAULT_ROOT) -> None:
        self.path = path
        self.switch = Switch(path)
        self.bundles = path / _BUNDLES
        self.keys = path / _KEYS
        self.trusted = path / _TRUSTED

    @cached_property
    def trusted_keys(self) -> TrustedKeys:
        """The keys whose bundles may run here.

        Raises
        ------
        BundleError
            When one of the files is no public key.
        """
        return read_trusted_keys(sorted(self.keys.glob(f"*{KEY_SUFFIX}")))

    def key_names(self) -> tuple[str, ...]:
        """Name the files of those keys."""
        return tuple(sorted(path.name for path in self.keys.glob(f"*{KEY_SUFFIX}")))

    def target(self, sha256: str) -> str:
        """Name a bundle as the links do."""
        return f"{_BUNDLES}/{sha256}{SUFFIX}"

    def read(self, target: str) -> Bundle:
        """Read a bundle that is kept here.

        Raises
        ------
        BundleError
            When it is gone, altered, or no trusted key signed it.
        """
        bundle = read_bundle(self.path / target, self.trusted_keys)
        if self.target(bundle.sha256) != target:
            raise BundleError(f"{target} holds another bundle: {bundle.sha256[:12]}")
        return bundle


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurrentModel:
    """What counts.

    Parameters
    ----------
    target : str or None
        Which of the device's own; None for the shipped one.
    faults : tuple of str
        Why it is not the one that should count, where it is not.
    """

    bundle: Bundle
    target: str | None
    faults: tuple[str, ...]


def open_current(root: ModelRoot) -> CurrentModel:
    """Read the current bundle; where it is damaged, what ran before, then the shipped.

    Changes nothing. What is returned is verified and signed by a trusted key, or
    shipped with the software.

    Raises
    ------
    BundleError
        When even the shipped one cannot be read.
    OSError
        When the links may not be read.
    """
    faults: list[str] = []
    for target in _candidates(root.switch):
        try:
            bundle = root.read(target)
        except BundleError as error:
            faults.append(str(error))
            continue
        return CurrentModel(bundle=bundle, target=target, faults=tuple(faults))
    shipped = open_bundle(DEFAULT_BUNDLE)
    return CurrentModel(bundle=shipped, target=None, faults=tuple(faults))


def require_current(root: ModelRoot | None = None) -> Bundle:
    """Read the current bundle, or say why it cannot be had.

    Raises
    ------
    BundleError
        When it is damaged, or no trusted key signed it.
    StorageError
        When the device's folders may not be read.
    """
    root = root or ModelRoot()
    with read_errors(root.path):
        current = open_current(root)
    if current.faults:
        raise BundleError(f"the current model cannot be used: {current.faults[0]}")
    return current.bundle


def open_bundle_or_current(name_or_path: str) -> Bundle:
    """Read a bundle as `edge.bundles.open_bundle` does, or the device's current one.

    ``current`` is the one this device was last updated to. A person who asks for it
    gets no other: only the service goes on with its way back.

    Raises
    ------
    BundleError
        When there is none, or it is not intact.
    StorageError
        When the device's folders may not be read.
    """
    if name_or_path == CURRENT:
        return require_current()
    return open_bundle(name_or_path)


def open_to_count(
    name_or_path: str, trusted: TrustedKeys | None = None
) -> tuple[Bundle, tuple[str, ...]]:
    """Read a bundle as `open_bundle_or_current` does, and say what is not known of it.

    One from anywhere is first run in a process of its own, which it may bring down.

    Parameters
    ----------
    trusted : TrustedKeys, optional
        Where given, one of these keys must have signed what does not ship.

    Returns
    -------
    bundle : Bundle
    doubts : tuple of str
        For the report; none about what shipped or a trusted key signed.

    Raises
    ------
    BundleError
        When there is none, it is not intact, not signed by a key that is wanted, or
        cannot be run.
    StorageError
        When the device's folders may not be read.
    """
    bundle = open_bundle_or_current(name_or_path)
    if name_or_path == CURRENT:
        return bundle, ()
    doubt = doubt_of(bundle, trusted)
    if doubt is None:
        return bundle, ()
    try:
        run_golden_test(Path(name_or_path))
    except BundleError as error:
        raise BundleError(f"bundle {name_or_path}: {error}") from error
    return bundle, (doubt,)


def _candidates(switch: Switch) -> Iterator[str]:
    """Name what may run, the wanted one first; nothing when that is the shipped one."""
    if (current := switch.current) is None:
        return
    yield current
    back = (switch.trial.returns_to if switch.trial else None, switch.previous)
    yield from dict.fromkeys(target for target in back if target and target != current)
