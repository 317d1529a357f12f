"""Mirrors in order, against a real HTTP server on loopback that misbehaves in every way a mirror can."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from foundation import lock
from foundation.errors import UserError
from images import download

GOOD = random.Random(0).randbytes(60_000)
WRONG = GOOD[:100] + b"?" + GOOD[101:]
SIZE = len(GOOD)
HALF = SIZE // 2
NOWHERE = "http://127.0.0.1:1/refused"
SRC = Path(download.__file__).parents[1]


class Mirror(BaseHTTPRequestHandler):
    """The path says how it behaves; `server.log` holds [path, Range, bytes of body sent] of each request."""

    def do_GET(self):
        self.server.log.append([self.path, self.headers["Range"], 0])
        self.entry = self.server.log[-1]
        with suppress(BrokenPipeError, ConnectionResetError):  # when the client has gone on to another mirror
            getattr(self, self.path.strip("/").replace("-", "_"), self.missing)()

    def start(self, body=GOOD, ranges=True) -> bytes:
        """Send the head and return what is left to send."""
        first = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1]) if ranges and self.headers["Range"] else 0
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(body) - first))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        return body[first:]

    def send(self, body: bytes):
        self.entry[2] += len(body)
        self.wfile.write(body)

    def good(self):
        self.send(self.start())

    def no_ranges(self):
        self.send(self.start(ranges=False))

    def wrong(self):
        self.send(self.start(WRONG))

    def wrong_size(self):
        self.send(self.start(b"<html>Sign in</html>"))

    def cut(self):
        self.send(self.start()[:HALF])

    def cut_wrong(self):
        self.send(self.start(WRONG)[:HALF])

    def cut_without_length(self):
        self.send_response(200)
        self.end_headers()
        self.send(GOOD[:HALF])

    def endless(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.send(GOOD)

    def stall(self):
        self.send(self.start()[:HALF])
        self.server.over.wait()

    def silent(self):
        self.server.over.wait()

    def crawl(self):
        self.slowly(self.start(), 10)

    def slow(self):
        self.slowly(self.start(), 1000)

    def slowly(self, body, step):
        for i in range(0, len(body), step):
            if self.server.over.wait(0.03):
                return
            self.send(body[i : i + step])

    def busy(self):
        self.send_error(500)

    def missing(self):
        self.send_error(404)

    def moved(self):
        self.send_response(302)
        self.send_header("Location", "/good")
        self.end_headers()

    def loop(self):
        self.send_response(302)
        self.send_header("Location", "/loop")
        self.end_headers()

    def file(self):
        self.send_response(302)
        self.send_header("Location", "file:///etc/passwd")
        self.end_headers()

    def shifted(self):
        if not self.headers["Range"]:
            return self.good()
        self.send_response(206)
        self.send_header("Content-Length", str(SIZE - 5))
        self.send_header("Content-Range", f"bytes 5-{SIZE - 1}/{SIZE}")
        self.end_headers()
        self.send(GOOD[5:])

    def unsatisfiable(self):
        if self.headers["Range"]:
            self.send_error(416)
        else:
            self.good()

    def garbage(self):
        self.wfile.write(b"\0\1\2 no HTTP\r\n\r\n")

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        server.daemon_threads = True
        server.log, server.over = [], threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


@pytest.fixture(autouse=True)
def _empty_folder_and_little_patience(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(download.AT_HAND, raising=False)
    monkeypatch.setattr(download, "READ_SECONDS", 1)
    monkeypatch.setattr(download, "RATE_SECONDS", 0.5)
    monkeypatch.setattr(download, "MIN_RATES", (60_000, 1_000))  # `slow` gives about 30,000, `crawl` 300


def check(path):
    if path.read_bytes() != GOOD:
        raise UserError(f"{path}: expected the pinned bytes")


def find(server, *behaviours, size: int | None = SIZE):
    return download.find("images", [f"{server.url}/{name}" for name in behaviours], check, size)


def begin(content: bytes):
    download.DOWNLOADS.mkdir(parents=True)
    (download.DOWNLOADS / "images.part").write_bytes(content)


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ("missing", "404 Not Found"),
        ("busy", "500 Internal Server Error"),
        ("wrong", "images.part: expected the pinned bytes"),
        ("wrong-size", "offers 20 bytes, expected 60,000"),
        ("cut", "IncompleteRead(30000 bytes read, 30000 more expected)"),
        ("cut-without-length", "ended after 30,000 of 60,000 bytes"),
        ("endless", "sends more than 60,000 bytes"),
        ("stall", "silent for 1 s"),
        ("silent", "silent for 1 s"),
        ("crawl", "slower than 60 kB/s (0."),
        ("loop", "Exceeded 30 redirects"),
        ("file", "No connection adapters were found for 'file:///etc/passwd'"),
        ("garbage", "BadStatusLine"),
    ],
)
def test_a_mirror_that_fails_is_passed_over_with_its_reason(server, capsys, behaviour, says):
    path = find(server, behaviour, "good")
    assert path.read_bytes() == GOOD
    assert sorted(path.parent.iterdir()) == [path, path.with_name("images.lock")]
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("passed over")]
    assert says in line


def test_a_server_that_is_not_there_is_passed_over(server, capsys):
    download.find("images", [NOWHERE, f"{server.url}/good"], check, SIZE)
    assert "Connection refused" in capsys.readouterr().out


def test_a_server_that_does_not_answer_the_knock_is_passed_over(server, capsys, monkeypatch):
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = socket.create_connection(full.getsockname())  # and is never accepted: the queue is full
        download.find("images", [f"http://127.0.0.1:{full.getsockname()[1]}/", f"{server.url}/good"], check, SIZE)
        waiting.close()
    assert "passed over: no connection within 0.5 s" in capsys.readouterr().out


def test_a_redirect_is_followed(server):
    assert find(server, "moved").read_bytes() == GOOD


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_download_goes_on_where_it_was(server, tmp_path, ending):
    program = f"from images import download; download.find('images', ['{server.url}/stall'], lambda path: None, {SIZE})"
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(SRC)}, stderr=subprocess.PIPE
    )
    part = download.DOWNLOADS / "images.part"
    while not part.exists() or part.stat().st_size < 1:  # what the kernel has survives the process
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(ending)
    process.communicate()
    kept = part.stat().st_size
    assert part.read_bytes() == GOOD[:kept]
    assert find(server, "good").read_bytes() == GOOD
    assert server.log[-1] == ["/good", f"bytes={kept}-", SIZE - kept]


def test_the_next_mirror_sends_only_the_rest(server):
    find(server, "cut", "good")
    assert server.log == [["/cut", None, HALF], ["/good", f"bytes={HALF}-", SIZE - HALF]]


@pytest.mark.parametrize("behaviour", ["no-ranges", "shifted", "unsatisfiable"])
def test_a_server_without_ranges_starts_over(server, behaviour):
    begin(GOOD[:HALF])
    assert find(server, behaviour).read_bytes() == GOOD
    assert server.log[-1][2] == SIZE


@pytest.mark.parametrize("begun", [WRONG[:HALF], GOOD[:50] + bytes(HALF), WRONG, GOOD + b"?"])
def test_wrong_bytes_of_before_are_not_blamed_on_the_mirror(server, capsys, begun):
    """They are from an earlier pin, a damaged disk or a mirror that broke off: the same mirror starts over."""
    begin(begun)
    assert find(server, "good").read_bytes() == GOOD
    assert server.log[-1] == ["/good", None, SIZE]
    assert "passed over" not in capsys.readouterr().out


def test_a_wrong_mirror_that_breaks_off_does_not_spoil_the_next(server):
    assert find(server, "cut-wrong", "good").read_bytes() == GOOD
    assert [range_ for _, range_, _ in server.log] == [None, f"bytes={HALF}-", None]


def test_all_that_had_come_is_checked_without_asking_again(server):
    begin(GOOD)
    assert download.find("images", [NOWHERE], check, SIZE).read_bytes() == GOOD


def test_without_a_pinned_size_nothing_is_continued(server):
    """Two mirrors, or one at two times, may have packed the same images into other bytes."""
    assert find(server, "cut", "good", size=None).read_bytes() == GOOD
    assert [range_ for _, range_, _ in server.log] == [None, None]


def test_without_a_pinned_size_there_is_a_limit(server, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", 100_000)
    with pytest.raises(UserError, match="sends more than 100,000 bytes"):
        find(server, "endless", size=None)


def test_a_slow_mirror_is_better_than_none(server, capsys):
    assert find(server, "crawl", "slow", "missing").read_bytes() == GOOD
    tried = [line.rpartition("/")[2] for line in capsys.readouterr().out.splitlines() if line.startswith("images from")]
    assert tried == ["crawl", "slow", "missing", "slow"]
    starts = [int(range_[6:-1]) if range_ else 0 for _, range_, _ in server.log]
    assert starts[0] < starts[1] < starts[2] == starts[3]  # nothing comes twice


def test_when_all_fail_each_reason_is_given_and_what_came_is_kept(server):
    with pytest.raises(UserError) as error:
        find(server, "missing", "wrong", "cut")
    assert "\n" not in str(error.value)
    assert str(error.value) == (
        f"images could not be had: {server.url}/missing (404 Not Found); "
        f"{server.url}/wrong (.cache/downloads/images.part: expected the pinned bytes); "
        f"{server.url}/cut (Connection broken: IncompleteRead(30000 bytes read, 30000 more expected)). "
        "To go on from what has come, run this again. Set CIFAR10_ARCHIVE to a copy you have, or try `make demo`"
    )
    assert (download.DOWNLOADS / "images.part").read_bytes() == GOOD[:HALF]
    assert not (download.DOWNLOADS / "images").exists()


def test_a_second_download_beside_the_first_is_refused(server):
    with (
        lock.held(download.DOWNLOADS / "images.lock", "downloading images"),
        pytest.raises(UserError, match=r"process \d+ is already downloading images in this folder"),
    ):
        find(server, "good")


def test_a_full_disk_is_not_blamed_on_the_mirrors(server, tmp_path):
    """A limit on the size of files stands in for it."""
    program = f"""
import resource
from foundation.errors import one_line_errors
from images import download
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
with one_line_errors():
    download.find("images", ["{server.url}/good"] * 2, lambda path: None, 60_000)
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
    )
    assert result.stderr == "error: [Errno 27] File too large: '.cache/downloads/images.part'\n"
    assert len(server.log) == 1


def test_what_was_downloaded_before_is_not_downloaded_again(server):
    find(server, "good")
    assert download.find("images", [NOWHERE], check).read_bytes() == GOOD


def test_a_damaged_download_of_before_is_replaced(server):
    download.DOWNLOADS.mkdir(parents=True)
    (download.DOWNLOADS / "images").write_bytes(b"damaged")
    assert find(server, "good").read_bytes() == GOOD


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
