"""Find a source's archive: the one at hand, the one downloaded before, or the first mirror that has it.

A download grows in `.cache/downloads/<name>.part` and takes its name when it holds the pinned bytes. Where the size is
pinned, every address has the same bytes, so what one mirror sent is kept for the next mirror and for the next run.
"""

import os
import re
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

import requests
from tqdm import tqdm
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, ReadTimeoutError

from foundation.errors import UserError, reason
from images.archive import MAX_BYTES

AT_HAND = "CIFAR10_ARCHIVE"
DOWNLOADS = Path(".cache/downloads")
CONNECT_SECONDS = 10  # to each address of a server
READ_SECONDS = 30  # for the whole of an answer's headers, redirects included, and then for any byte
# Bytes/s that each block must come with. A slower mirror is left for another: CIFAR-10's home, throttled to 60 kB/s,
# takes 47 minutes for what a mirror may send in one. When there is no other, a tenth of that will do.
MIN_RATE = 100_000
BLOCK = 2_000_000
PATIENCE = 10

Found = TypeVar("Found")


class TooSlow(UserError):
    """A mirror does not reach the rate."""


class StartOver(UserError):
    """Bytes of before may be the wrong ones: those of an earlier pin, a damaged disk or another mirror."""


def find(name: str, urls: list[str], read: Callable[[Path], Found], size: int | None = None) -> Found:
    """What `read` returns for the archive or folder of source `name`.

    `read` raises `UserError` for bytes that are not the pinned ones. It is given, in order: what the environment
    variable `CIFAR10_ARCHIVE` names; `.cache/downloads/<name>`; what the `urls` send. `size` is the archive's in bytes
    where that is pinned. Raises `UserError` with each mirror's reason when all fail.
    """
    if os.environ.get(AT_HAND):
        path = Path(os.path.expanduser(os.environ[AT_HAND]))  # that of Path raises where there is no home
        if not path.exists():
            raise UserError(f"{AT_HAND} names {path.absolute()}, and there is no such file or folder")
        try:
            return read(path)
        except UserError as error:
            raise UserError(f"{AT_HAND} is not what params.yaml pins for {name}: {error}") from None

    path = DOWNLOADS / name
    if path.exists():
        try:
            return read(path)
        except UserError as error:
            print(f"passed over: {error}")
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    try:
        return _download(name, urls, read, size)
    except OSError as error:  # such as a full disk, which no mirror can put right
        raise OSError(error.errno, error.strerror, error.filename or f"{path}.part") from None


def _download(name: str, urls: list[str], read: Callable[[Path], Found], size: int | None) -> Found:
    part = DOWNLOADS / f"{name}.part"
    if part.is_symlink() or (part.exists() and not part.is_file()):  # only a plain file of ours is written to
        part.unlink()
    # A mirror may join the line again: at its head to start over, at its end when it was slow, which beats none.
    line, slow, reasons = deque(urls), set(), {}
    while line:
        url = line.popleft()
        print(f"{name} from {url}", flush=True)
        is_last_chance = not line or url in slow
        try:
            found = _complete(part, url, read, size, MIN_RATE / PATIENCE if is_last_chance else MIN_RATE)
            part.replace(DOWNLOADS / name)
            return found
        except StartOver as error:
            print(f"from the start again, because bytes of before may be the wrong ones: {error}", flush=True)
            line.appendleft(url)
        except (requests.RequestException, HTTPError, UserError, ValueError) as error:
            reasons[url] = _reason(error)
            print(f"passed over: {reasons[url]}", flush=True)
            if isinstance(error, TooSlow) and not is_last_chance:
                slow.add(url)
                line.append(url)
    tried = "; ".join(f"{url} ({why})" for url, why in reasons.items()) or "params.yaml lists no address for it"
    go_on = "To go on from what has come, run this again. " if size and part.exists() and part.stat().st_size else ""
    raise UserError(f"{name} could not be had: {tried}. {go_on}Set {AT_HAND} to a copy you have, or try `make demo`")


def _complete(part: Path, url: str, read: Callable[[Path], Found], size: int | None, min_rate: float) -> Found:
    """Get what `part` lacks from `url`, then `read` it; deletes wrong bytes, and raises `StartOver` if some are old."""
    continued = _append(part, url, size, min_rate)
    try:
        return read(part)
    except UserError as error:
        part.unlink()
        raise StartOver(str(error)) if continued else error from None


def _append(part: Path, url: str, size: int | None, min_rate: float) -> bool:
    """Get what `part` lacks from `url`; returns whether bytes of before are in it.

    Without a pinned `size` there are none: GitHub, for one, packs a tarball anew and serves no ranges of it.
    """
    begun = part.stat().st_size if size and part.exists() else 0
    if begun == size:
        return True
    with _within(READ_SECONDS, UserError(f"no answer within {READ_SECONDS} s")):
        response = _get(url, begun if size and begun < size else 0)
    with response:
        begun = begun if response.status_code == requests.codes.partial_content else 0
        length = response.headers.get("Content-Length", "")
        total = begun + int(length) if length.isdecimal() else size
        if size and total != size:
            raise UserError(f"offers {total:,} bytes, expected {size:,}")
        bar = tqdm(total=total, initial=begun, unit="B", unit_scale=True, disable=None)  # None: only on a terminal
        with part.open("ab") as file, bar:
            file.seek(file.truncate(begun))
            ended = False
            while not ended:
                with _within(BLOCK / min_rate, TooSlow(f"slower than {min_rate / 1000:,.0f} kB/s")):
                    ended = _copy_block(response.raw, file, size or MAX_BYTES, bar)
            if size and file.tell() != size:
                raise UserError(f"ended after {file.tell():,} of {size:,} bytes")
    return begun > 0


def _get(url: str, begun: int) -> requests.Response:
    """The answer of `url`: status 206 for what follows the first `begun` bytes, or 200 for the whole."""
    for start in (begun, 0):  # the whole, where a server refuses the range or has another
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with _Session() as session:
            response = session.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS))
        has_range = re.fullmatch(rf"bytes {start}-\d+/[\d*]+", response.headers.get("Content-Range", ""))
        if response.status_code == 200 or (start and response.status_code == 206 and has_range):
            return response
        response.close()
        if not start or response.status_code not in (206, 416):
            break
    raise UserError(f"{response.status_code} {response.reason}")


class _Session(requests.Session):
    def get_redirect_target(self, response: requests.Response) -> str | None:
        """Where a redirect leads; closes it, because requests would read its body to the end, and unpack it."""
        target = super().get_redirect_target(response)
        if target:
            response.close()
        return target


def _copy_block(body: HTTPResponse, file: BinaryIO, limit: int, bar: tqdm) -> bool:
    """Write the next `BLOCK` bytes of `body` as they come, at most `limit` in all; whether it has ended before."""
    end = file.tell() + BLOCK
    while file.tell() < end:
        piece = body.read1(2**18, decode_content=False)
        if not piece:
            return True
        if file.tell() + len(piece) > limit:
            raise UserError(f"sends more than {limit:,} bytes")
        file.write(piece)
        bar.update(len(piece))
    return False


@contextmanager
def _within(seconds: float, error: Exception) -> Iterator[None]:
    """Raise `error` when the block has taken so long, whatever it waits for.

    A timeout of requests starts anew with each byte, so that a server could hold it by sending one now and then.
    """

    def expire(*_: object) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _reason(error: Exception) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {CONNECT_SECONDS} s"
    if isinstance(error, requests.ReadTimeout | ReadTimeoutError):
        return f"silent for {READ_SECONDS} s"
    cause = error.args[0] if error.args else error
    cause = getattr(cause, "reason", cause)  # requests wraps urllib3's error around the reason
    return re.sub(r"^HTTPS?Connection\([^)]*\): ", "", reason(cause))
