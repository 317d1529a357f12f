"""Downloads from a local server whose mirrors misbehave, each in its own way."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from errors import UserError
from images import download

RIGHT = bytes(range(256)) * 500  # 128,000 bytes
HALF = len(RIGHT) // 2


class Mirror(BaseHTTPRequestHandler):
    """Answers by the path that is asked for; the server keeps (path, range) of each request in `asked`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        self.close_connection = True
        getattr(self, f"serve_{self.path[1:]}")()

    def answer(self, content: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer_rest(self, size: int = len(RIGHT), pause: float = 0) -> None:
        """`size` bytes of the right content from where the client wants them, with a pause after every 2,000."""
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if first >= len(RIGHT):
            self.answer(b"", 416)
            return
        self.send_response(206 if first else 200)
        self.send_header("Content-Range", f"bytes {first}-{len(RIGHT) - 1}/{len(RIGHT)}")
        self.send_header("Content-Length", str(len(RIGHT) - first))
        self.end_headers()
        for i in range(first, min(first + size, len(RIGHT)), 2000):
            self.wfile.write(RIGHT[i : i + 2000])
            time.sleep(pause)

    def serve_dead(self):
        self.answer(b"", 404)

    def serve_wrong(self):
        self.answer(b"<html>Sign in</html>")

    def serve_right(self):
        self.answer_rest()

    def serve_cut(self):
        self.answer_rest(HALF)

    def serve_crawling(self):
        self.answer_rest(pause=0.05)

    def serve_packed(self):
        """As GitHub's codeload: no length and no ranges."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(RIGHT)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(download, "PATIENCE", 1)
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        server.asked = []
        server.handle_error = lambda *_: None  # when a client gives up
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def find(server, *names: str) -> bytes:
    return download.find("images", [f"http://127.0.0.1:{server.server_port}/{name}" for name in names], read)


def read(path: Path) -> bytes:
    content = path.read_bytes()
    if content != RIGHT:
        raise UserError(f"{path}: other content")
    return content


def test_the_next_mirror_is_tried_and_a_cut_download_is_continued(server, capsys):
    assert find(server, "dead", "cut", "wrong", "crawling") == RIGHT
    assert [path for path, _ in server.asked] == ["/dead", "/cut", "/wrong", "/crawling", "/cut"]
    assert server.asked[-1][1] == f"bytes={HALF}-"
    assert capsys.readouterr().out.count("failed: ") == 4


def test_what_was_accepted_is_used_the_next_time(server):
    find(server, "right")
    assert find(server, "dead") == RIGHT
    assert len(server.asked) == 1
    (download.DOWNLOADS / "images").write_bytes(b"another pin's content")
    assert find(server, "right") == RIGHT


def test_a_crawling_mirror_will_do_if_there_is_no_other(server):
    assert find(server, "crawling", "dead") == RIGHT
    assert [path for path, _ in server.asked] == ["/crawling", "/dead", "/crawling"]


@pytest.mark.parametrize("mirror", ["right", "packed"])
@pytest.mark.parametrize("earlier", [RIGHT[:HALF], b"x" * HALF, RIGHT, RIGHT + b"x"], ids=len)
def test_an_earlier_part_is_continued_or_replaced(server, monkeypatch, mirror, earlier):
    """Whether it is right or wrong, too short or too long, and whether the server can continue it."""

    def interrupted(url: str, part: Path, rate: int) -> tuple[int, str]:
        part.write_bytes(earlier)
        return 23, "interrupted"

    with monkeypatch.context() as patch:
        patch.setattr(download, "_curl", interrupted)
        with pytest.raises(UserError, match="interrupted"):
            find(server, mirror)
    assert find(server, mirror) == RIGHT


def test_when_all_fail_each_url_is_listed_with_the_ways_out(server):
    with pytest.raises(UserError) as error:
        find(server, "dead", "wrong")
    assert all(text in str(error.value) for text in ("/dead", "404", "/wrong", "CIFAR10_ARCHIVE", "make demo"))


@pytest.mark.parametrize("mirror", ["right", "packed"])
def test_no_more_than_the_limit_is_stored(server, monkeypatch, mirror):
    monkeypatch.setattr(download, "MAX_BYTES", 100_000)
    with pytest.raises(UserError, match="100,000"):
        find(server, mirror)
    assert list(download.DOWNLOADS.iterdir()) == []


def test_a_missing_curl_is_one_line(server, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="curl"):
        find(server, "right")
    assert server.asked == []
