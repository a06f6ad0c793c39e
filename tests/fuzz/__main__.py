"""``python -m tests.fuzz [TIMES]``: attack what reads bytes from anywhere.

Prints one line for each kind; exits with 1 when something crashed, hung, was accepted
though altered, or took more memory than it may. A failure names the seed, which makes
the same bytes again.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

import edge.bundles
from edge.capture.decoder import Decoder, DecoderKind
from edge.capture.multipart import read_parts
from hemalens.bundle import parse_bundle
from hemalens.errors import BundleError, CaptureError, HemaLensError
from tests.fuzz.mutations import mutated
from tests.hemalens.made_pictures import FIELD, encoded, tiff_pages

LONGEST_S: Final = 5.0
MOST_BYTES: Final = 400_000_000

Found = Counter[str]


def picture_seeds() -> dict[str, bytes]:
    """Make one small picture of each kind."""
    field = cv2.GaussianBlur(FIELD, (0, 0), 2)
    deep = field.astype(np.uint16) * 257
    return {
        ".jpg": encoded(field, ".jpg"),
        "-progressive.jpg": encoded(field, ".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        ".png": encoded(field, ".png"),
        "-deep.png": encoded(deep, ".png"),
        ".bmp": encoded(field, ".bmp"),
        ".tif": encoded(field, ".tif"),
        "-pages.tif": tiff_pages([field, field]),
    }


def video_seeds() -> dict[str, bytes]:
    """Make one small video of each kind."""
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix, code in ((".avi", "MJPG"), (".mkv", "MJPG"), (".mp4", "mp4v")):
            path = Path(folder) / f"video{suffix}"
            writer = cv2.VideoWriter(
                str(path), cv2.VideoWriter.fourcc(*code), 10, (80, 60)
            )
            for turn in range(4):
                writer.write(np.roll(FIELD, turn, axis=1))
            writer.release()
            made[suffix] = path.read_bytes()
    return made


def peak_bytes() -> int:
    """Read the largest memory that a decoder of this process has had."""
    peak = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"decoder_process" not in (folder / "cmdline").read_bytes():
                continue
            status = (folder / "status").read_text()
        except OSError:
            continue
        if f"PPid:\t{os.getpid()}\n" in status:
            kib = int(status.partition("VmHWM:")[2].split()[0])
            peak = max(peak, kib * 1024)
    return peak


def decoded(kind: DecoderKind, seeds: dict[str, bytes], times: int) -> Found:
    """Decode mutated files; a crash is found, whatever it costs."""
    found: Found = Counter()
    decoder = Decoder()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(times):
            suffix = sorted(seeds)[seed % len(seeds)]
            path = Path(folder) / f"a{suffix}"
            path.write_bytes(mutated(seeds[suffix], seed))
            began = time.monotonic()
            problems = [one.problem for one in decoder.file(kind, path)]
            if time.monotonic() - began > LONGEST_S:
                found[f"hang, seed {seed}"] += 1
            if any("brought its decoder down" in one for one in problems):
                # It cost its file alone, as it should; it is worth knowing still.
                found["crashes that cost one file"] += 1
            found["refused" if all(problems) else "read"] += 1
            if peak_bytes() > MOST_BYTES:
                found[f"memory, seed {seed}"] += 1
    decoder.close()
    return found


def pictures(times: int) -> Found:
    """Attack the picture decoders."""
    return decoded(DecoderKind.PICTURE, picture_seeds(), times)


def videos(times: int) -> Found:
    """Attack the video decoders."""
    return decoded(DecoderKind.VIDEO, video_seeds(), max(1, times // 50))


def bundles(times: int) -> Found:
    """Alter a shipped bundle: nothing altered is accepted."""
    path = Path(edge.bundles.__file__).parent / "cnn.hemalens"
    whole, found = path.read_bytes(), Counter[str]()
    for seed in range(times):
        altered = mutated(whole, seed, header_bytes=2000)
        if altered == whole:
            continue
        try:
            parse_bundle(altered)
        except BundleError:
            found["refused"] += 1
        else:
            found[f"accepted, seed {seed}"] += 1
    return found


def models(times: int) -> Found:
    """Run altered models, each batch in a process of its own: no traceback."""
    found: Found = Counter()
    seed = 0
    while seed < times:
        command = [sys.executable, "-m", "tests.fuzz.models", str(seed), str(times)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        outcomes = [json.loads(line) for line in run.stdout.splitlines()]
        found.update(outcomes)
        seed += len(outcomes)
        if run.returncode and seed < times:
            # `count` runs a foreign model in a process of its own first.
            found["crashes of a process of its own"] += 1
            seed += 1
    return found


def streams(times: int) -> Found:
    """Take apart altered camera streams."""
    found: Found = Counter()
    jpeg = encoded(FIELD, ".jpg")
    head = f"--b\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    whole = (head.encode() + jpeg + b"\r\n") * 3 + b"--b--"
    for seed in range(times):
        began = time.monotonic()
        try:
            list(read_parts(io.BytesIO(mutated(whole, seed)), "b"))
            found["read"] += 1
        except CaptureError:
            found["refused"] += 1
        except HemaLensError:
            found[f"another error, seed {seed}"] += 1
        if time.monotonic() - began > LONGEST_S:
            found[f"hang, seed {seed}"] += 1
    return found


KINDS: Final[tuple[Callable[[int], Found], ...]] = (
    pictures,
    videos,
    bundles,
    models,
    streams,
)


def faults(found: Found) -> Iterator[str]:
    """Name what must not be."""
    yield from (what for what in found if "seed" in what)


def main() -> int:
    """Attack all of them."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    wanted = sys.argv[2:]
    is_bad = False
    for kind in KINDS:
        if wanted and kind.__name__ not in wanted:
            continue
        began = time.monotonic()
        found = kind(times)
        bad = list(faults(found))
        is_bad = is_bad or bool(bad)
        took_s = time.monotonic() - began
        print(f"{kind.__name__}: {dict(found)} in {took_s:.0f} s, faults: {bad}")
    return int(is_bad)


if __name__ == "__main__":
    sys.exit(main())
