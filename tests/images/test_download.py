"""Mirrors in order, against a real HTTP server on loopback that misbehaves in every way a mirror can."""

import gzip
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from foundation.errors import UserError
from images import download

GOOD = random.Random(0).randbytes(60_000)
WRONG = GOOD[:100] + b"?" + GOOD[101:]
SIZE = len(GOOD)
HALF = SIZE // 2
NOWHERE = "http://127.0.0.1:1/refused"
BOMB = gzip.compress(bytes(2**26))
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

    def trickle(self, start: bytes, again: bytes):
        self.wfile.write(start)
        while not self.server.over.wait(0.05):
            self.wfile.write(again)

    def trickled_status(self):
        self.trickle(b"HTTP/1.1 200 O", b"K")

    def trickled_header(self):
        self.trickle(b"HTTP/1.1 200 OK\r\nX: ", b"x")

    def endless_continue(self):
        while True:
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    def chunked(self, chunks: bytes, again: bytes):
        self.trickle(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, again)

    def trickled_chunk_size(self):
        self.chunked(b"1", b"0")

    def trickled_chunks(self):
        self.chunked(b"", b"1\r\nx\r\n")

    def trickled_trailer(self):
        self.chunked(b"64\r\n" + GOOD[:100] + b"\r\n0\r\n", b"X: x\r\n")

    def escapes(self):
        self.wfile.write(b"HTTP/1.1 503 \x1b[2J\x1b]0;pwned\x07Come back\r\n\r\n")

    def moved_to(self, where: str, *headers: str):
        self.wfile.write("\r\n".join(["HTTP/1.1 302 Found", f"Location: {where}", *headers, "\r\n"]).encode())

    def trickled_loop(self):
        time.sleep(0.1)
        self.moved_to("/trickled-loop")

    def moved_endless(self):
        self.moved_to("/good")
        while True:
            self.wfile.write(bytes(2**20))

    def moved_chunked(self):
        self.moved_to("/good", "Transfer-Encoding: chunked")
        while True:
            self.wfile.write(b"100000\r\n" + bytes(2**20) + b"\r\n")

    def moved_gzip(self):
        self.moved_to("/good", "Content-Encoding: gzip")
        self.wfile.write(BOMB)

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
    monkeypatch.setattr(download, "MIN_RATE", 60_000)  # `slow` gives about 30,000, `crawl` 300
    monkeypatch.setattr(download, "BLOCK", 30_000)
    monkeypatch.setattr(download, "PATIENCE", 6)


def read(path):
    content = path.read_bytes()
    if content != GOOD:
        raise UserError(f"{path}: expected the pinned bytes")
    return content


def find(server, *behaviours, size: int | None = SIZE):
    return download.find("images", [f"{server.url}/{name}" for name in behaviours], read, size)


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
        ("stall", "slower than 60 kB/s"),
        ("silent", "no answer within 1 s"),
        ("crawl", "slower than 60 kB/s"),
        ("trickled-status", "no answer within 1 s"),
        ("trickled-header", "no answer within 1 s"),
        ("endless-continue", "no answer within 1 s"),
        ("trickled-chunk-size", "slower than 60 kB/s"),
        ("trickled-chunks", "slower than 60 kB/s"),
        ("trickled-trailer", "slower than 60 kB/s"),
        ("loop", "Exceeded 30 redirects"),
        ("trickled-loop", "no answer within 1 s"),
        ("escapes", "503 ?[2J?]0;pwned?Come back"),
        ("file", "No connection adapters were found for 'file:///etc/passwd'"),
        ("garbage", "BadStatusLine"),
    ],
)
def test_a_mirror_that_fails_is_passed_over_with_its_reason(server, capsys, behaviour, says):
    assert find(server, behaviour, "good") == GOOD
    assert [path.name for path in download.DOWNLOADS.iterdir()] == ["images"]
    assert (download.DOWNLOADS / "images").read_bytes() == GOOD
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("passed over")]
    assert says in line


def test_a_server_that_is_not_there_is_passed_over(server, capsys):
    download.find("images", [NOWHERE, f"{server.url}/good"], read, SIZE)
    assert "Connection refused" in capsys.readouterr().out


def test_a_server_that_does_not_answer_the_knock_is_passed_over(server, capsys, monkeypatch):
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = socket.create_connection(full.getsockname())  # and is never accepted: the queue is full
        download.find("images", [f"http://127.0.0.1:{full.getsockname()[1]}/", f"{server.url}/good"], read, SIZE)
        waiting.close()
    assert "passed over: no connection within 0.5 s" in capsys.readouterr().out


def test_a_redirect_is_followed(server):
    assert find(server, "moved") == GOOD


@pytest.mark.parametrize("behaviour", ["moved-endless", "moved-chunked", "moved-gzip"])
def test_what_a_redirect_carries_is_not_read(server, behaviour):
    tracemalloc.start()
    assert find(server, behaviour) == GOOD
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * 2**20


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
    assert find(server, "good") == GOOD
    assert server.log[-1] == ["/good", f"bytes={kept}-", SIZE - kept]


def test_the_next_mirror_sends_only_the_rest(server):
    find(server, "cut", "good")
    assert server.log == [["/cut", None, HALF], ["/good", f"bytes={HALF}-", SIZE - HALF]]


@pytest.mark.parametrize("behaviour", ["no-ranges", "shifted", "unsatisfiable"])
def test_a_server_without_ranges_starts_over(server, behaviour):
    begin(GOOD[:HALF])
    assert find(server, behaviour) == GOOD
    assert server.log[-1][2] == SIZE


@pytest.mark.parametrize("begun", [WRONG[:HALF], GOOD[:50] + bytes(HALF), WRONG, GOOD + b"?"])
def test_wrong_bytes_of_before_are_not_blamed_on_the_mirror(server, capsys, begun):
    """They are from an earlier pin, a damaged disk or a mirror that broke off: the same mirror starts over."""
    begin(begun)
    assert find(server, "good") == GOOD
    assert server.log[-1] == ["/good", None, SIZE]
    assert "passed over" not in capsys.readouterr().out


def test_a_wrong_mirror_that_breaks_off_does_not_spoil_the_next(server):
    assert find(server, "cut-wrong", "good") == GOOD
    assert [range_ for _, range_, _ in server.log] == [None, f"bytes={HALF}-", None]


def test_all_that_had_come_is_checked_without_asking_again(server):
    begin(GOOD)
    assert download.find("images", [NOWHERE], read, SIZE) == GOOD


def test_without_a_pinned_size_nothing_is_continued(server):
    """Two mirrors, or one at two times, may have packed the same images into other bytes."""
    assert find(server, "cut", "good", size=None) == GOOD
    assert [range_ for _, range_, _ in server.log] == [None, None]


def test_without_a_pinned_size_there_is_a_limit(server, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", 100_000)
    with pytest.raises(UserError, match="sends more than 100,000 bytes"):
        find(server, "endless", size=None)


def tried(capsys) -> list[str]:
    return [line.rpartition("/")[2] for line in capsys.readouterr().out.splitlines() if line.startswith("images from")]


def test_a_slow_mirror_is_better_than_none(server, capsys):
    assert find(server, "slow", "missing") == GOOD
    assert tried(capsys) == ["slow", "missing", "slow"]
    starts = [int(range_[6:-1]) if range_ else 0 for _, range_, _ in server.log]
    assert 0 == starts[0] < starts[1] == starts[2]  # nothing comes twice


def test_a_slow_mirror_is_better_than_one_that_crawls(server, capsys):
    assert find(server, "crawl", "slow", "missing") == GOOD
    assert tried(capsys) == ["crawl", "slow", "missing", "crawl", "slow"]


def test_the_only_mirror_may_be_slow(server, capsys):
    assert find(server, "slow") == GOOD
    assert tried(capsys) == ["slow"]


@pytest.mark.parametrize(("behaviour", "says"), [("crawl", "slower than 10 kB/s"), ("stall", "silent for 1 s")])
def test_the_only_mirror_must_not_crawl(server, behaviour, says):
    with pytest.raises(UserError, match=says):
        find(server, behaviour)


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


@pytest.mark.parametrize("make", [os.mkfifo, lambda part: part.symlink_to("victim")])
def test_only_a_file_of_its_own_is_written_to(server, tmp_path, make):
    download.DOWNLOADS.mkdir(parents=True)
    victim = download.DOWNLOADS / "victim"
    victim.write_text("precious")
    make(download.DOWNLOADS / "images.part")
    assert find(server, "good") == GOOD
    assert victim.read_text() == "precious"
    assert not (download.DOWNLOADS / "images").is_symlink()


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
    assert download.find("images", [NOWHERE], read) == GOOD


def test_a_damaged_download_of_before_is_replaced(server):
    download.DOWNLOADS.mkdir(parents=True)
    (download.DOWNLOADS / "images").write_bytes(b"damaged")
    assert find(server, "good") == GOOD


def test_a_copy_at_hand_needs_no_mirror(tmp_path, monkeypatch):
    (tmp_path / "copy").write_bytes(GOOD)
    monkeypatch.setenv(download.AT_HAND, "copy")
    assert download.find("images", [], read) == GOOD


def test_a_wrong_copy_at_hand_is_refused_and_kept(tmp_path, monkeypatch):
    (tmp_path / "copy").write_bytes(b"something else")
    monkeypatch.setenv(download.AT_HAND, "copy")
    with pytest.raises(UserError, match=r"CIFAR10_ARCHIVE is not what params.yaml pins for images: copy: expected"):
        download.find("images", [], read)
    assert (tmp_path / "copy").exists()


def test_no_copy_where_the_variable_points(tmp_path, monkeypatch):
    monkeypatch.setenv(download.AT_HAND, "nowhere")
    with pytest.raises(UserError, match=f"CIFAR10_ARCHIVE names {tmp_path}/nowhere, and there is no such file"):
        download.find("images", [], read)


def test_a_home_that_is_not_known_is_one_line(monkeypatch):
    monkeypatch.setenv(download.AT_HAND, "~nobody-of-this-name/images")
    with pytest.raises(UserError, match=r"CIFAR10_ARCHIVE names .*/~nobody-of-this-name/images, and there is no such"):
        download.find("images", [], read)
