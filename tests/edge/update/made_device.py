"""A device's folder with a key and small signed bundles."""

from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.bundles import open_bundle
from edge.update.current import ModelRoot
from hemalens.bundle import bundle_bytes, read_bundle
from hemalens.manifest import RuntimeRange
from tests.hemalens.made_bundle import made_parts
from tests.hemalens.signing import signer_of


def trust(root: Path, key: Ed25519PrivateKey, name: str = "qa") -> None:
    """Put a public key where the device looks for it."""
    (root / "keys").mkdir(parents=True, exist_ok=True)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (root / "keys" / f"{name}.pub").write_bytes(pem)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeDevice:
    """A device in a folder, and the desk its bundles are signed at."""

    path: Path
    desk: Path
    key: Ed25519PrivateKey

    @property
    def root(self) -> ModelRoot:
        """Read it anew, as the next process would."""
        return ModelRoot(self.path)

    def made(
        self,
        version: str,
        *,
        key: Ed25519PrivateKey | None = None,
        model: bytes = b"made model",
    ) -> Path:
        """Sign a bundle of a few kilobytes that no runtime runs."""
        parts = made_parts(model=model)
        manifest = parts.manifest.model_copy(update={"version": version})
        content = replace(parts, manifest=manifest).packed(signer_of(key or self.key))
        return self._put(f"made-{version}", content)

    def runnable(
        self,
        version: str,
        *,
        golden: str = "right",
        runtimes: tuple[RuntimeRange, ...] | None = None,
    ) -> Path:
        """Sign the shipped model under another version."""
        shipped = open_bundle("cnn")
        changes = {"version": version}
        manifest = shipped.manifest.model_copy(
            update=changes | ({"runtimes": runtimes} if runtimes else {})
        )
        vectors = shipped.golden
        if golden == "wrong":
            vectors = replace(vectors, outputs=255 - vectors.outputs)
        content = bundle_bytes(
            manifest, shipped.model, vectors, shipped.evidence, signer_of(self.key)
        )
        return self._put(f"cnn-{version}", content)

    def _put(self, name: str, content: bytes) -> Path:
        path = self.desk / f"{name}.hemalens"
        path.write_bytes(content)
        return path


def make_device(folder: Path) -> MadeDevice:
    """Make a device that trusts one key and has no model of its own."""
    made = MadeDevice(
        path=folder / "hemalens",
        desk=folder / "desk",
        key=Ed25519PrivateKey.generate(),
    )
    made.desk.mkdir()
    trust(made.path, made.key)
    return made


def whole(path: Path) -> None:
    """Prove a bundle without running its model: it can be read whole."""
    read_bundle(path)


def version_counting(device: MadeDevice) -> str:
    """Say which version would count, ``shipped`` for the shipped one."""
    from edge.update.current import open_current

    current = open_current(device.root)
    return current.bundle.manifest.version if current.target else "shipped"
