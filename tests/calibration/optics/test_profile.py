"""Profiles come back as they were written, and nothing else is taken for one."""

import json
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.optics.profile import (
    FlatField,
    OpticalProfile,
    PixelSize,
    PixelSizeMethod,
    WhiteBalance,
    open_profile,
    read_profile,
    write_profile,
)
from hemalens.errors import CalibrationError

levels = st.tuples(*[st.floats(1, 255)] * 3)
dated = {
    "images": st.integers(1, 99),
    "measured_at": st.datetimes(timezones=st.just(UTC)),
}
lights = st.tuples(*[st.floats(0.02, 1)] * 3)
profiles = st.builds(
    OpticalProfile,
    device=st.text(min_size=1, max_size=100),
    objective=st.text(min_size=1, max_size=100),
    frame_size_wh=st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
    pixel_size=st.none()
    | st.builds(
        PixelSize,
        pixel_size_um=st.floats(0.01, 10),
        uncertainty_um=st.floats(0, 1),
        method=st.sampled_from(PixelSizeMethod),
        **dated,
    ),
    flat_field=st.none()
    | st.builds(
        FlatField,
        light=st.tuples(*[st.tuples(lights, lights)] * 2),
        level_rgb=levels,
        **dated,
    ),
    white_balance=st.none()
    | st.builds(
        WhiteBalance,
        gains_rgb=st.tuples(*[st.floats(1, 8)] * 3),
        level_rgb=levels,
        **dated,
    ),
)


@settings(max_examples=25, deadline=None)
@given(profile=profiles)
def test_a_profile_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, profile: OpticalProfile
) -> None:
    path = tmp_path_factory.mktemp("profile") / "profile.json"
    write_profile(path, profile)
    assert read_profile(path) == profile
    assert [file.name for file in path.parent.iterdir()] == ["profile.json"]


PROFILE = OpticalProfile(device="pi-1", objective="40x", frame_size_wh=(640, 480))


def written(path: Path, **changed: object) -> Path:
    content = {**json.loads(PROFILE.model_dump_json()), **changed}
    path.write_text(json.dumps(content))
    return path


BAD = {
    "newer HemaLens": {"profile_version": 2},
    "profile_version": {"profile_version": "1.5"},
    "colour": {"colour": "red"},
    "frame_size_wh": {"frame_size_wh": [640, 0]},
    "device": {"device": ""},
}


@pytest.mark.parametrize("says", BAD)
def test_a_bad_or_newer_profile_is_one_line(tmp_path: Path, says: str) -> None:
    path = written(tmp_path / "profile.json", **BAD[says])
    with pytest.raises(CalibrationError, match=says) as caught:
        read_profile(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"null"])
def test_what_is_no_json_object_is_no_profile(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(content)
    with pytest.raises(CalibrationError, match="no optical profile"):
        read_profile(path)


def test_a_missing_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"a\.json: No such file"):
        read_profile(tmp_path / "a.json")


def test_a_profile_is_begun_once_and_then_updated(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    begun = open_profile(path, (640, 480), "pi-1", "40x")
    assert begun == PROFILE
    write_profile(path, begun)
    assert open_profile(path, (640, 480)) == begun


def test_a_profile_is_not_begun_without_names(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="--device and --objective"):
        open_profile(tmp_path / "profile.json", (640, 480), "pi-1")


MIXED = {
    "'pi-1', not 'pi-2'": ((640, 480), "pi-2", None),
    "'40x', not '100x'": ((640, 480), None, "100x"),
    "640x480, this one is 320x240": ((320, 240), None, None),
}


@pytest.mark.parametrize("says", MIXED)
def test_one_profile_is_not_mixed_with_another(tmp_path: Path, says: str) -> None:
    path = written(tmp_path / "profile.json")
    with pytest.raises(CalibrationError, match=says):
        open_profile(path, *MIXED[says])
