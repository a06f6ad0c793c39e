"""A wheelhouse with one small wheel that calls itself HemaLens.

It requires a package that is nowhere, as a wheel's own demands never count on a device.
"""

import base64
import hashlib
import io
import sys
import zipfile
from pathlib import Path

from edge.update.wheelhouse_folder import MANIFEST, REQUIREMENTS, Wheelhouse

VERSION = "7.0.0"

_MODULE = """
import sys

def main():
    # 'hemalens device selftest'
    assert sys.argv[1:4] == ["device", "selftest", "--state"], sys.argv
    print({said!r})
    return {code}
"""


def make_wheelhouse(
    folder: Path, *, code: int = 0, said: str = "all is well", python: str | None = None
) -> Path:
    """Make it.

    Parameters
    ----------
    folder : Path
    code, said : int, str
        What its ``hemalens device selftest`` exits with and prints.
    python : str, optional
        Which Python it says it is for, this one by default.
    """
    folder.mkdir(parents=True)
    content = _wheel(_MODULE.format(code=code, said=said))
    wheel = folder / f"hemalens-{VERSION}-py3-none-any.whl"
    wheel.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    requirements = f"hemalens=={VERSION} --hash=sha256:{digest}\n".encode()
    (folder / REQUIREMENTS).write_bytes(requirements)
    made = Wheelhouse(
        hemalens_version=VERSION,
        python=python or f"{sys.version_info.major}.{sys.version_info.minor}",
        architecture="x86_64",
        lock="edge.txt",
        sha256={
            wheel.name: digest,
            REQUIREMENTS: hashlib.sha256(requirements).hexdigest(),
        },
    )
    (folder / MANIFEST).write_text(made.model_dump_json())
    return folder


def _wheel(module: str) -> bytes:
    info = f"hemalens-{VERSION}.dist-info"
    members = {
        "small_hemalens.py": module,
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: hemalens\nVersion: {VERSION}\n"
            "Requires-Dist: another-package\n"
        ),
        f"{info}/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n"
            "Tag: py3-none-any\n"
        ),
        f"{info}/entry_points.txt": (
            "[console_scripts]\nhemalens = small_hemalens:main\n"
        ),
    }
    lines = [f"{name},{_digest(text)},{len(text)}" for name, text in members.items()]
    members[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return packed.getvalue()


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
