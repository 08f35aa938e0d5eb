import pytest

from magic_viewer.errors import ScreenError
from magic_viewer.ui import screen


@pytest.fixture(autouse=True)
def _on_linux(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def test_that_a_machine_without_a_screen_gives_a_sentence():
    with pytest.raises(ScreenError, match="no screen here"):
        screen.require_screen()


def test_that_a_chosen_platform_needs_no_screen(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    screen.require_screen()


def test_that_a_missing_library_is_named_with_its_package(monkeypatch):
    def cannot_load(library):
        raise OSError("libxcb-cursor.so.0: cannot open shared object file: No such file")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("ctypes.CDLL", cannot_load)
    with pytest.raises(ScreenError, match=r"libxcb-cursor\.so\.0.*apt install libxcb-cursor0"):
        screen.require_screen()


def test_that_a_screen_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":54321")
    monkeypatch.setattr(screen, "_require_loadable", lambda library: None)
    try:
        with pytest.raises(ScreenError, match=":54321"):
            screen.require_screen()
    except OSError:
        pytest.skip("libxcb, which asks the screen, isn't here")
