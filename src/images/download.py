"""Find a source's archive: the one at hand, the one downloaded before, or the first mirror that has it.

A download grows in `.cache/downloads/<name>.part` and takes its name when it holds the pinned bytes. Where the size is
pinned, every address has the same bytes, so what one mirror sent is kept for the next mirror and for the next run.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests
from tqdm import tqdm
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, ReadTimeoutError

from foundation import lock
from foundation.errors import UserError
from images.archive import MAX_BYTES

AT_HAND = "CIFAR10_ARCHIVE"
DOWNLOADS = Path(".cache/downloads")
CONNECT_SECONDS, READ_SECONDS = 10, 30
# Bytes/s that a mirror must reach over each RATE_SECONDS. The first round leaves a throttled server (CIFAR-10's home
# gives about 60 kB/s: 47 minutes) for a mirror that may take one minute; when none does, the second goes back to it.
MIN_RATES = 100_000, 10_000
RATE_SECONDS = 20

Check = Callable[[Path], None]


class TooSlow(UserError):
    def __init__(self, rate: float, min_rate: float):
        super().__init__(f"slower than {min_rate / 1000:,.0f} kB/s ({rate / 1000:,.1f} kB/s)")
        self.rate = rate


def find(name: str, urls: list[str], check: Check, size: int | None = None) -> Path:
    """The archive or folder of source `name`; `check` raises `UserError` for bytes that are not the pinned ones.

    In order: what the environment variable `CIFAR10_ARCHIVE` names; `.cache/downloads/<name>`; the `urls`. `size` is
    the archive's in bytes where that is pinned. Raises `UserError` with each mirror's reason when all fail.
    """
    if os.environ.get(AT_HAND):
        path = Path(os.environ[AT_HAND]).expanduser()
        if not path.exists():
            raise UserError(f"{AT_HAND} names {path.absolute()}, and there is no such file or folder")
        try:
            check(path)
        except UserError as error:
            raise UserError(f"{AT_HAND} is not what params.yaml pins for {name}: {error}") from None
        return path

    path = DOWNLOADS / name
    if path.exists():
        try:
            check(path)
            return path
        except UserError as error:
            print(f"passed over: {error}")
    with lock.held(DOWNLOADS / f"{name}.lock", f"downloading {name}"):
        return _first_good_mirror(name, urls, check, size)


def _first_good_mirror(name: str, urls: list[str], check: Check, size: int | None) -> Path:
    part = DOWNLOADS / f"{name}.part"
    reasons: dict[str, str] = {}
    for min_rate in MIN_RATES:
        rates: dict[str, float] = {}
        for url in urls:
            print(f"{name} from {url}", flush=True)
            try:
                _complete(part, url, check, size, min_rate)
                return part.replace(DOWNLOADS / name)
            except (requests.RequestException, HTTPError, UserError, ValueError) as error:
                reasons[url] = _reason(error)
                print(f"passed over: {reasons[url]}", flush=True)
                if isinstance(error, TooSlow):
                    rates[url] = error.rate
            except OSError as error:  # of ours, such as a full disk, which no mirror can put right
                raise OSError(error.errno, error.strerror, str(part)) from None
        urls = sorted(rates, key=rates.get, reverse=True)
    tried = "; ".join(f"{url} ({reason})" for url, reason in reasons.items()) or "params.yaml lists no address for it"
    go_on = "To go on from what has come, run this again. " if size and part.exists() and part.stat().st_size else ""
    raise UserError(f"{name} could not be had: {tried}. {go_on}Set {AT_HAND} to a copy you have, or try `make demo`")


def _complete(part: Path, url: str, check: Check, size: int | None, min_rate: float) -> None:
    """Get what `part` lacks from `url`, then `check` it; wrong bytes are deleted."""
    continued = _append(part, url, size, min_rate)
    try:
        check(part)
    except UserError as error:
        part.unlink()
        if not continued:
            raise
        print(f"from the start again, because bytes of before may be the wrong ones: {error}", flush=True)
        _complete(part, url, check, size, min_rate)


def _append(part: Path, url: str, size: int | None, min_rate: float) -> bool:
    """Get what `part` lacks from `url`; returns whether bytes of before are in it.

    Without a pinned `size` there are none: GitHub, for one, packs a tarball anew and serves no ranges of it.
    """
    begun = part.stat().st_size if size and part.exists() else 0
    if begun == size:
        return True
    with _get(url, begun if size and begun < size else 0) as response:
        begun = begun if response.status_code == requests.codes.partial_content else 0
        length = response.headers.get("Content-Length", "")
        total = begun + int(length) if length.isdecimal() else size
        if size and total != size:
            raise UserError(f"offers {total:,} bytes, expected {size:,}")
        bar = tqdm(total=total, initial=begun, unit="B", unit_scale=True, disable=None)  # None: only on a terminal
        with part.open("ab") as file, bar:
            file.seek(file.truncate(begun))
            for piece in _pieces(response.raw, min_rate):
                if file.tell() + len(piece) > (size or MAX_BYTES):
                    raise UserError(f"sends more than {size or MAX_BYTES:,} bytes")
                file.write(piece)
                bar.update(len(piece))
            if size and file.tell() != size:
                raise UserError(f"ended after {file.tell():,} of {size:,} bytes")
    return begun > 0


def _get(url: str, begun: int) -> requests.Response:
    """The answer of `url`: status 206 for what follows the first `begun` bytes, or 200 for the whole."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begun}-"} if begun else {})
    response = requests.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS))
    ranges = re.fullmatch(rf"bytes {begun}-\d+/[\d*]+", response.headers.get("Content-Range", ""))
    if begun and (response.status_code == 416 or (response.status_code == 206 and not ranges)):
        response.close()
        return _get(url, 0)
    if response.status_code not in ((200, 206) if begun else (200,)):
        response.close()
        raise UserError(f"{response.status_code} {response.reason}")
    return response


def _pieces(body: HTTPResponse, min_rate: float) -> Iterator[bytes]:
    """What a mirror sends, as it comes: waiting for a whole block would hide a server that crawls."""
    start, received = time.monotonic(), 0
    while piece := body.read1(2**18, decode_content=False):
        yield piece
        received += len(piece)
        seconds = time.monotonic() - start
        if seconds >= RATE_SECONDS:
            if received / seconds < min_rate:
                raise TooSlow(received / seconds, min_rate)
            start, received = time.monotonic(), 0


def _reason(error: Exception) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {CONNECT_SECONDS} s"
    if isinstance(error, requests.ReadTimeout | ReadTimeoutError):
        return f"silent for {READ_SECONDS} s"
    cause = error.args[0] if error.args else error
    text = " ".join(str(getattr(cause, "reason", cause)).split())  # requests wraps urllib3's error around the reason
    return re.sub(r"^HTTPS?Connection\([^)]*\): ", "", text)
