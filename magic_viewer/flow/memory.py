"""How the process keeps its memory."""

import ctypes
import sys

M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1
LARGEST_SHARE = 8


def keep_freed_memory(megabytes: int = 256) -> None:
    """Lets glibc keep so much freed memory: else much of a pass on a CPU is page faults.

    Blocks above an eighth of it go back to the system at once, so that a window that has
    closed a large volume doesn't hold on to it.

    Args:
        megabytes: below 2048.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            libc.mallopt(M_MMAP_THRESHOLD, (megabytes << 20) // LARGEST_SHARE)
            libc.mallopt(M_TRIM_THRESHOLD, megabytes << 20)
