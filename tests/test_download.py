"""Mirrors in order, against a real HTTP server on loopback."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import download
from errors import UserError

GOOD = b"the pinned bytes" * 1000


class Mirrors(BaseHTTPRequestHandler):
    def do_GET(self):
        bodies = {"/good": GOOD, "/wrong": b"other bytes", "/cut": GOOD}
        if self.path not in bodies:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(bodies[self.path])))
        self.end_headers()
        self.wfile.write(bodies[self.path][: 100 if self.path == "/cut" else None])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirrors) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(download.AT_HAND, raising=False)


def check(path):
    if path.read_bytes() != GOOD:
        raise UserError(f"{path}: expected the pinned bytes")


def test_the_first_mirror_with_the_pinned_bytes_is_taken(server, capsys):
    path = download.find("images", [f"{server}/{name}" for name in ("none", "wrong", "cut", "good")], check)
    assert path.read_bytes() == GOOD
    passed_over = [line for line in capsys.readouterr().out.splitlines() if line.startswith("passed over")]
    assert len(passed_over) == 3
    assert "404" in passed_over[0]
    assert "expected the pinned bytes" in passed_over[1]
    assert "IncompleteRead" in passed_over[2]


def test_what_was_downloaded_before_is_not_downloaded_again(server):
    download.find("images", [f"{server}/good"], check)
    assert download.find("images", ["http://127.0.0.1:1/never"], check).read_bytes() == GOOD


def test_a_damaged_download_of_before_is_replaced(server):
    download.DOWNLOADS.mkdir(parents=True)
    (download.DOWNLOADS / "images").write_bytes(b"damaged")
    assert download.find("images", [f"{server}/good"], check).read_bytes() == GOOD


def test_when_all_fail_each_reason_is_given_and_nothing_is_left(server):
    with pytest.raises(UserError) as error:
        download.find("images", [f"{server}/none", f"{server}/wrong"], check)
    line = str(error.value)
    assert "\n" not in line
    assert f"{server}/none (404" in line
    assert f"{server}/wrong (" in line
    assert line.endswith("Set CIFAR10_ARCHIVE to a copy you have, or try `make demo`")
    assert not list(download.DOWNLOADS.iterdir())


def test_a_copy_at_hand_needs_no_mirror(tmp_path, monkeypatch):
    (tmp_path / "copy").write_bytes(GOOD)
    monkeypatch.setenv(download.AT_HAND, "copy")
    assert download.find("images", [], check).read_bytes() == GOOD


def test_a_wrong_copy_at_hand_is_refused_and_kept(tmp_path, monkeypatch):
    (tmp_path / "copy").write_bytes(b"something else")
    monkeypatch.setenv(download.AT_HAND, "copy")
    with pytest.raises(UserError, match=r"CIFAR10_ARCHIVE is not what params.yaml pins for images: copy: expected"):
        download.find("images", [], check)
    assert (tmp_path / "copy").exists()


def test_no_copy_where_the_variable_points(tmp_path, monkeypatch):
    monkeypatch.setenv(download.AT_HAND, "nowhere")
    with pytest.raises(UserError, match=f"CIFAR10_ARCHIVE names {tmp_path}/nowhere, and there is no such file"):
        download.find("images", [], check)
