import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.device.flash.kernel_cmdline import with_words
from hemalens.errors import ConfigError

WORDS = st.lists(st.text("abcd=,.0123", min_size=1, max_size=12), max_size=6)


@given(line=WORDS.filter(bool), identity=st.text("abc0123", min_size=1))
def test_words_of_the_line_stay_and_setting_twice_changes_nothing(
    line: list[str], identity: str
) -> None:
    words = ["cgroup_enable=memory", f"ds=nocloud;i={identity}"]
    once = with_words(" ".join(line).encode(), words)
    assert once.decode().split() == [*line, *words]
    assert with_words(once, words) == once
    assert once.count(b"\n") == 1


def test_words_of_another_system_give_way() -> None:
    line = b"root=/dev/x systemd.run=/boot/firstrun.sh systemd.unit=a.target\n"
    assert with_words(line, ["ds=nocloud;i=1"]) == b"root=/dev/x ds=nocloud;i=1\n"


@pytest.mark.parametrize("line", [None, b"", b"\n"])
def test_partition_without_a_kernel_line_is_no_boot_partition(
    line: bytes | None,
) -> None:
    with pytest.raises(ConfigError, match=r"no cmdline\.txt; write the system"):
        with_words(line, ["ds=nocloud;i=1"])
