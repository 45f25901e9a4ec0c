"""Compiled libraries: found in every folder that a room's package has, as an editable install needs."""

import pytest

import tfapprox.common
from tfapprox.common import library


def test_every_folder_of_a_room_is_searched(monkeypatch, tmp_path):
    (tmp_path / "libother.so").write_text("")
    with pytest.raises(ImportError, match=r"tfapprox\.common needs libother\.so, .*looked in \['"):
        library.find("common", "libother.so")
    folders = [*tfapprox.common.__path__, str(tmp_path)]
    monkeypatch.setattr(tfapprox.common.__spec__, "submodule_search_locations", folders)
    assert library.find("common", "libother.so") == str(tmp_path / "libother.so")
