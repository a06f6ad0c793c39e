import os
import signal
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.decoder import Decoder, DecoderKind, end_idle
from edge.capture.decoder_process import MOST_BYTES
from hemalens.errors import CaptureError
from tests.edge.capture.made_images import encoded, noisy
from tests.hemalens.made_pictures import tiff_pages


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    """Make a decoder whose process is a new one."""
    end_idle()
    decoder = Decoder()
    yield decoder
    decoder.close()


def children() -> list[int]:
    """Find the decoders that this process has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if words[1] == str(os.getpid()) and b"decoder_process" in command:
            found.append(int(folder.name))
    return found


def picture(folder: Path, name: str = "a.png", seed: int = 1) -> Path:
    path = folder / name
    path.write_bytes(encoded(noisy(seed), path.suffix))
    return path


def test_pictures_come_as_they_are_and_stay_so(
    decoder: Decoder, tmp_path: Path
) -> None:
    kept = []
    for seed in range(12):
        path = picture(tmp_path, f"{seed}.png", seed)
        (decoded,) = decoder.file(DecoderKind.PICTURE, path)
        assert decoded.image is not None
        assert not decoded.image.flags.writeable
        kept.append(decoded.image[3:])
    for seed, view in enumerate(kept):
        np.testing.assert_array_equal(view, noisy(seed)[3:])


def test_memory_of_pictures_let_go_is_used_again(
    decoder: Decoder, tmp_path: Path
) -> None:
    path = picture(tmp_path)
    for _ in range(30):
        (decoded,) = decoder.file(DecoderKind.PICTURE, path)
        assert decoded.image is not None
        del decoded
    for side in (os.getpid(), *children()):
        maps = Path(f"/proc/{side}/maps").read_text()
        assert 1 <= maps.count("memfd:picture") <= 3


def test_pages_come_one_by_one_and_a_bad_one_ends_nothing(
    decoder: Decoder, tmp_path: Path
) -> None:
    content = tiff_pages([noisy(1), noisy(2).astype(np.float32), noisy(3)])
    (tmp_path / "stack.tif").write_bytes(content)
    pages = list(decoder.file(DecoderKind.PICTURE, tmp_path / "stack.tif"))
    assert [page.declared for page in pages] == [3, 3, 3]
    assert pages[1].image is None
    assert "stack.tif has float32 channels" in pages[1].problem
    for page, seed in ((pages[0], 1), (pages[2], 3)):
        np.testing.assert_array_equal(page.image, noisy(seed))


def test_a_crash_costs_one_file(decoder: Decoder, tmp_path: Path) -> None:
    path = picture(tmp_path)
    list(decoder.file(DecoderKind.PICTURE, path))
    (process,) = children()
    os.kill(process, signal.SIGSEGV)
    (decoded,) = decoder.file(DecoderKind.PICTURE, path)
    assert decoded.image is None
    assert "SIGSEGV" in decoded.problem
    assert str(path) in decoded.problem
    (decoded,) = decoder.file(DecoderKind.PICTURE, path)
    np.testing.assert_array_equal(decoded.image, noisy(1))


def test_a_decoder_that_hangs_is_ended(decoder: Decoder, tmp_path: Path) -> None:
    path = picture(tmp_path)
    list(decoder.file(DecoderKind.PICTURE, path))
    (process,) = children()
    decoder.close()
    # It goes on with the process that has started.
    decoder = Decoder(timeout_s=2.0)
    os.kill(process, signal.SIGSTOP)
    began = time.monotonic()
    (decoded,) = decoder.file(DecoderKind.PICTURE, path)
    assert "took over 2 s" in decoded.problem
    assert time.monotonic() - began < 5
    assert process not in children()
    decoder.close()


def test_memory_beyond_the_limit_costs_the_file_alone(
    decoder: Decoder, tmp_path: Path
) -> None:
    # Progressive: all coefficients are held at once, 6 bytes a pixel without
    # subsampling. What is packed does not matter, for memory is asked for first.
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_SAMPLING_FACTOR]
    field = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    _, packed = cv2.imencode(".jpg", field, [*options, 0x111111])
    content = packed.tobytes()
    assert content.count(struct.pack(">HH", 200, 300)) == 1
    forged = content.replace(
        struct.pack(">HH", 200, 300), struct.pack(">HH", 9000, 9000)
    )
    path = tmp_path / "huge.jpg"
    path.write_bytes(forged)
    (decoded,) = decoder.file(DecoderKind.PICTURE, path)
    (process,) = children()
    assert decoded.image is None
    status = Path(f"/proc/{process}/status").read_text()
    own = int(status.partition("VmData:")[2].split()[0]) * 1024
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    assert own < MOST_BYTES
    assert peak < 400_000_000
    (decoded,) = decoder.file(DecoderKind.PICTURE, picture(tmp_path))
    assert decoded.image is not None


def test_closing_from_another_thread_ends_a_wait(tmp_path: Path) -> None:
    end_idle()
    decoder = Decoder()
    path = picture(tmp_path)
    list(decoder.file(DecoderKind.PICTURE, path))
    (process,) = children()
    os.kill(process, signal.SIGSTOP)
    closing = threading.Timer(0.3, decoder.close)
    closing.start()
    assert list(decoder.file(DecoderKind.PICTURE, path)) == []
    closing.join()
    assert process not in children()


def test_the_next_source_uses_the_process_of_the_last(tmp_path: Path) -> None:
    end_idle()
    used = set()
    for _ in range(3):
        decoder = Decoder()
        list(decoder.file(DecoderKind.PICTURE, picture(tmp_path)))
        used.update(children())
        decoder.close()
    assert len(used) == 1


def test_content_is_decoded_as_a_file_is(decoder: Decoder) -> None:
    image = decoder.content(encoded(noisy(4), ".png"), "snapshot")
    np.testing.assert_array_equal(image, noisy(4))
    with pytest.raises(CaptureError, match="snapshot is truncated"):
        decoder.content(encoded(noisy(4), ".jpg")[:-50], "snapshot")


@pytest.mark.parametrize("name", ["list.mp4", "list.avi"])
def test_a_playlist_opens_nothing_else(
    decoder: Decoder, tmp_path: Path, name: str
) -> None:
    writer = cv2.VideoWriter(
        str(tmp_path / "secret.ts"), cv2.VideoWriter.fourcc(*"MPEG"), 10, (64, 48)
    )
    for seed in range(3):
        writer.write(noisy(seed))
    writer.release()
    lists = {
        "list.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST",
        "list.avi": "ffconcat version 1.0\nfile {}\n",
    }
    path = tmp_path / name
    path.write_text(lists[name].format(tmp_path / "secret.ts"))
    (decoded,) = decoder.file(DecoderKind.VIDEO, path)
    assert "no video that can be decoded" in decoded.problem
