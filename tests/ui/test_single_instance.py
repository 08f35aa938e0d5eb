"""A second start hands its files to the first."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from magic_viewer.ui import single_instance
from magic_viewer.ui.single_instance import (
    MOST_BYTES,
    InstanceServer,
    decoded,
    encoded,
    hand_over,
    socket_name,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="looks at sockets in folders")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def runtime(tmp_path_factory, monkeypatch):
    """A folder of the user's own, with a path short enough for a socket."""
    folder = tmp_path_factory.mktemp("run")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def server(qtbot):
    server = InstanceServer()
    assert server.listen()
    yield server
    server.close()


def second_start(*paths, **environment):
    """Another process that only hands over; its exit status is 0 when it was rid of them."""
    code = (
        "import sys; from pathlib import Path; from PySide6.QtCore import QCoreApplication;"
        "from magic_viewer.ui.single_instance import hand_over; a = QCoreApplication([]);"
        "sys.exit(not hand_over([Path(p) for p in sys.argv[1:]]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen([sys.executable, "-c", code, *map(str, paths)], env=environment)


def test_that_names_of_any_language_and_of_none_arrive():
    odd = os.fsdecode(b"/a/\xff\xfe.dcm")
    paths = [Path("/Ärzte/患者.nii"), Path(odd), Path("/a b/\n.dcm")]
    assert decoded(encoded(paths)) == paths


def test_that_a_relative_path_is_meant_where_it_was_typed(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert decoded(encoded([Path("scan.nii")])) == [tmp_path / "scan.nii"]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{}",
        b'"/a"',
        b"[1]",
        b'["a/b"]',
        b'["/a", null]',
        b"[" * 9999,
        b"\xff",
        b'["/a\\u0000"]',
    ],
)
def test_that_what_is_no_list_of_absolute_paths_is_no_message(message):
    assert decoded(message) is None


def test_that_there_is_nobody_to_hand_over_to_at_first(qapp):
    assert not hand_over([Path("/a")])


def test_that_the_paths_of_another_process_arrive(qtbot, server, tmp_path):
    with qtbot.waitSignal(server.paths_received, timeout=30_000) as received:
        process = second_start(tmp_path / "日本" / "scan.nii", tmp_path / "b")
    assert received.args == [[tmp_path / "日本" / "scan.nii", tmp_path / "b"]]
    assert process.wait(30) == 0


def test_that_a_start_without_files_asks_for_the_window_alone(qtbot, server):
    with qtbot.waitSignal(server.paths_received, timeout=30_000) as received:
        process = second_start()
    assert received.args == [[]]
    assert process.wait(30) == 0


def test_that_another_session_of_the_user_has_a_window_of_its_own(server):
    assert second_start(Path("/a"), DISPLAY=":another").wait(30) == 1


def test_that_only_the_user_can_reach_the_socket_and_it_is_no_network_socket(server, runtime):
    (place,) = runtime.iterdir()
    assert str(place) == socket_name()
    assert stat.S_ISSOCK(place.stat().st_mode)
    assert stat.S_IMODE(place.stat().st_mode) & 0o077 == 0


def test_that_a_socket_left_by_a_crash_is_replaced(qtbot, runtime):
    crash = (
        "import os; from PySide6.QtCore import QCoreApplication;"
        "from magic_viewer.ui.single_instance import InstanceServer; a = QCoreApplication([]);"
        "s = InstanceServer(); assert s.listen(); os._exit(9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", crash], env=environment).returncode == 9
    assert list(runtime.iterdir())
    assert not hand_over([Path("/a")])
    server = InstanceServer()
    assert server.listen()
    with qtbot.waitSignal(server.paths_received, timeout=30_000):
        process = second_start("/a")
    assert process.wait(30) == 0
    server.close()
    assert not list(runtime.iterdir())


def test_that_the_second_to_listen_leaves_it_to_the_first(server):
    assert not InstanceServer().listen()
    assert QLocalServer.removeServer(socket_name())


def caller():
    socket = QLocalSocket()
    socket.connectToServer(socket_name())
    assert socket.waitForConnected(2000)
    return socket


@pytest.mark.parametrize("message", [b"GET / HTTP/1.1\n", b'["relative"]\n', b"{}\n"])
def test_that_a_stranger_is_shown_the_door_and_the_next_is_served(qtbot, server, message):
    stranger = caller()
    with qtbot.assertNotEmitted(server.paths_received):
        stranger.write(message)
        qtbot.waitUntil(lambda: stranger.state() == stranger.LocalSocketState.UnconnectedState)
    with qtbot.waitSignal(server.paths_received, timeout=30_000):
        process = second_start("/a")
    assert process.wait(30) == 0


def test_that_a_message_without_end_is_cut_off(qtbot, server):
    stranger = caller()
    with qtbot.assertNotEmitted(server.paths_received):
        stranger.write(b"x" * (MOST_BYTES + 1))
        qtbot.waitUntil(lambda: stranger.state() == stranger.LocalSocketState.UnconnectedState)


def test_that_who_says_nothing_is_not_waited_for(qtbot, server, monkeypatch):
    monkeypatch.setattr(single_instance, "_PATIENCE_MS", 50)
    silent = caller()
    qtbot.waitUntil(lambda: silent.state() == silent.LocalSocketState.UnconnectedState)


# The program itself


def program(tmp_path, *words):
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "magic_viewer", "view", *map(str, words)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def recent(tmp_path):
    place = tmp_path / "config" / "MAGIC Viewer" / "MAGIC Viewer.conf"
    kept = QSettings(str(place), QSettings.Format.IniFormat).value("recent", "[]")
    return [entry["paths"] for entry in json.loads(kept)]


def wait_for(is_so, seconds=60):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_that_the_program_started_twice_opens_both_files_in_one_window(
    scan, tmp_path, runtime, side_model, monkeypatch
):
    monkeypatch.setenv("MAGIC_VIEWER_MODELS", str(side_model.parent))
    home = tmp_path / "home"
    home.mkdir()
    other, third = tmp_path / "Ö 2.nii.gz", tmp_path / "3.nii.gz"
    for copy in (other, third):
        copy.write_bytes(scan.read_bytes())
    started = [program(home, scan)]
    try:
        wait_for(lambda: any(runtime.iterdir()) and [str(scan)] in recent(home))
        assert program(home, other).wait(60) == 0
        wait_for(lambda: [str(other)] in recent(home))
        started.append(program(home, "--new-window", third))
        wait_for(lambda: [str(third)] in recent(home))
        assert [one.poll() for one in started] == [None, None]
    finally:
        for process in started:
            process.kill()
            process.wait()
