"""The slices of a volume decoded ahead, from the one in view outwards."""

from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.codec_pool import PROCESSES
from magic_viewer.imaging.study import Volume
from magic_viewer.progress import Progress

MOST_BYTES = 768 << 20
_BYTES_A_PIXEL = 4


def prefetch(volume: Volume, first: int = 0) -> Generator[Progress, None, None]:
    """Decodes slices into the volume's cache, several at once.

    Args:
        volume: any; one that has nothing to decode ends at once.
        first: the slice to begin with; those near it follow.

    Yields:
        How many of the slices are decoded. A slice that can't be is passed over: whoever asks
        for it gets the reason. No more slices than the cache holds are decoded.
    """
    decode = volume.prefetch
    if decode is None:
        return
    count, rows, columns = volume.shape
    most = max(1, MOST_BYTES // (rows * columns * _BYTES_A_PIXEL))
    order = iter(sorted(range(count), key=lambda k: abs(k - first))[:most])
    total, done = min(count, most), 0
    with ThreadPoolExecutor(PROCESSES, "prefetch") as threads:
        running: set[Future[object]] = set()
        try:
            while True:
                for k in islice(order, 2 * PROCESSES - len(running)):
                    running.add(threads.submit(decode, k))
                if not running:
                    return
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    done += 1
                    error = future.exception()
                    if error is not None and not isinstance(error, ImagingError):
                        raise error
                yield Progress(done, total, "Reading slices")
        finally:
            for future in running:
                future.cancel()
