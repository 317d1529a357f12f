"""Download the archive of a source from the first mirror that has it, by curl."""

import hashlib
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from errors import UserError, reason
from images import Splits
from images.archive import MAX_BYTES

DOWNLOADS = Path(".cache/downloads")
MIN_RATE, PATIENCE = 100_000, 30  # bytes/s, s; a mirror that is slower for so long is left for the next
CANNOT_CONTINUE, TOO_LARGE = (33, 36), (63, -signal.SIGXFSZ)  # exit statuses of curl


def find(name: str, urls: list[str], read: Callable[[Path], Splits]) -> Splits:
    """What `read` returns for the archive of the source `name`. `read` raises `UserError` for wrong content.

    An earlier download, `.cache/downloads/NAME`, is tried first, then each URL. The file that is accepted is kept.
    Raises `UserError` that lists why each URL failed.
    """
    kept = DOWNLOADS / name
    if kept.exists():
        try:
            return read(kept)
        except UserError as error:
            print(f"not used: {error}", flush=True)
    if not shutil.which("curl"):
        raise UserError("downloads need curl, which is missing: install curl, or set CIFAR10_ARCHIVE to your copy")

    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    queue, failures = [(url, MIN_RATE) for url in urls], {}
    for url, rate in queue:
        print(f"{name} from {url}", flush=True)
        part = DOWNLOADS / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:12]}.part"  # mirrors differ in bytes
        had_part = part.exists()
        status, failures[url] = _curl(url, part, rate)
        if status == 0:
            try:
                content = read(part)
                part.replace(kept)
                return content
            except UserError as error:
                failures[url] = str(error)
        if status in (0, *CANNOT_CONTINUE, *TOO_LARGE):
            part.unlink(missing_ok=True)
        print(f"failed: {failures[url]}", flush=True)
        # A mirror that sent something, now or earlier, gets a second try after the others. An old part can be wrong.
        if rate == MIN_RATE and (had_part or part.exists()):
            queue.append((url, MIN_RATE // 10))
    listed = "; ".join(f"{url} ({why})" for url, why in failures.items()) or "params.yaml lists no URL"
    ways_out = "Run this again to continue, set CIFAR10_ARCHIVE to your copy, or try `make demo`"
    raise UserError(f"{name} could not be downloaded: {listed}. {ways_out}")


def _curl(url: str, part: Path, rate: int) -> tuple[int, str]:
    """Append to `part` what it lacks; returns curl's exit status and what went wrong."""
    command = ["curl", "--fail", "--location", "--globoff", "--proto", "=http,https", "--connect-timeout", "10"]
    command += ["--speed-limit", str(rate), "--speed-time", str(PATIENCE), "--max-filesize", str(MAX_BYTES)]
    command += ["--progress-bar" if sys.stderr.isatty() else "--silent", "--write-out", "%{errormsg}"]
    command += ["--continue-at", "-", "--output", str(part), url]

    def limit_size() -> None:  # --max-filesize does nothing where the server does not announce the size
        resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_BYTES, MAX_BYTES))

    result = subprocess.run(command, stdout=subprocess.PIPE, preexec_fn=limit_size)
    if result.returncode in TOO_LARGE:
        return result.returncode, f"sends more than {MAX_BYTES:,} bytes"
    return result.returncode, reason(result.stdout.decode(errors="replace") or f"curl's status {result.returncode}")
