"""What `benchmarks.loading` compares. Each reads a scan in a process of its own.

A reader's function imports what it needs and gives the function that reads, so that the clock
starts after the imports.
"""

import json
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import Dataset

Mark = Callable[[str], None]
"""Called with "list" or "first" when the series are known, or a picture is there."""
Slices = Callable[[int], Any]
"""k -> modality values (rows, columns)."""
Read = Callable[[list[Path], Mark], Slices]
_INTERCEPT = -1024
_START_S = 1.0
# Fastest first; left alone, pydicom asks them in another order.
_PLUGINS = ("pyjpegls", "pylibjpeg", "gdcm", "pydicom", "pillow")


def ours() -> Read:
    """The window's own steps: open, show the first slice that came, decode the others."""
    import magic_viewer.imaging.dicom
    import magic_viewer.imaging.volume_file  # noqa: F401
    from magic_viewer.imaging.codec_pool import codec_pool
    from magic_viewer.imaging.display import to_display
    from magic_viewer.imaging.load import open_study
    from magic_viewer.imaging.prefetch import prefetch
    from magic_viewer.imaging.study import Study
    from magic_viewer.progress import Progress, drain

    codec_pool().start()
    time.sleep(_START_S)

    def read(paths: list[Path], mark: Mark) -> Slices:
        def opening() -> Generator[Progress | Study, None, None]:
            nonlocal study
            study = yield from open_study(paths)

        study, shown = Study(), False
        for step in opening():
            if isinstance(step, Study) and not shown:
                shown = True
                volume = step.series[0].volumes[0]
                to_display(volume.read_slice(volume.shape[0] // 2))
                mark("first")
        mark("list")
        volume = study.series[0].volumes[0]
        drain(prefetch(volume, first=volume.shape[0] // 2))
        return lambda k: volume.read_slice(k).modality_values

    return read


def pydicom() -> Read:
    """A loop over the files into one array, or one file of many frames."""
    import numpy as np
    import pydicom.pixels  # noqa: F401 - else imported by the first image
    from pydicom import dcmread

    def read(paths: list[Path], mark: Mark) -> Slices:
        if len(paths) == 1:
            return _rescaled(dcmread(paths[0]).pixel_array)
        heights = []
        for n, path in enumerate(paths):
            dataset = dcmread(path)
            _use_fastest_plugin(dataset)
            pixels = dataset.pixel_array
            if n == 0:
                mark("first")
                volume = np.empty((len(paths), *pixels.shape), np.int16)
            volume[n] = pixels
            heights.append(dataset.ImagePositionPatient[2])
        order = np.argsort(heights)
        return _rescaled(volume if (np.diff(order) == 1).all() else volume[order])

    return read


def dicom_numpy() -> Read:
    """All data sets, combined in their stored type."""
    import pydicom.pixels  # noqa: F401
    from dicom_numpy import combine_slices
    from pydicom import dcmread

    def read(paths: list[Path], mark: Mark) -> Slices:
        datasets: list[Dataset] = [dcmread(path) for path in paths]
        for dataset in datasets:
            _use_fastest_plugin(dataset)
        return _rescaled(combine_slices(datasets, rescale=False, c_order_axes=True)[0])

    return read


def _use_fastest_plugin(dataset: "Dataset") -> None:
    from pydicom.pixels import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated:
        installed = get_decoder(syntax).available_plugins
        dataset.pixel_array_options(decoding_plugin=min(installed, key=_PLUGINS.index))


def _rescaled(volume: Any) -> Slices:
    return lambda k: volume[k].astype("f4") + _INTERCEPT


def simpleitk() -> Read:
    """ITK's reader of a series, or of a file."""
    import SimpleITK as sitk  # noqa: N813

    def read(paths: list[Path], mark: Mark) -> Slices:
        if len(paths) == 1:
            image = sitk.ReadImage(str(paths[0]))
        else:
            reader = sitk.ImageSeriesReader()
            names = reader.GetGDCMSeriesFileNames(str(paths[0].parent))
            mark("list")
            reader.SetFileNames(names)
            image = reader.Execute()
        return sitk.GetArrayFromImage(image).__getitem__

    return read


def nibabel() -> Read:
    """The array of an image, in its stored type."""
    import nibabel
    import numpy as np

    def read(paths: list[Path], mark: Mark) -> Slices:
        volume = np.asanyarray(nibabel.load(paths[0]).dataobj)
        return lambda k: volume[:, :, k].T

    return read


@dataclass(frozen=True)
class Reader:
    """One way to read.

    Attributes:
        prepare: imports, and gives the function that reads.
        module: that it needs.
        kinds: of scans that it reads: "series", "enhanced", ".nii.gz".
    """

    prepare: Callable[[], Read]
    module: str
    kinds: tuple[str, ...]

    @property
    def is_installed(self) -> bool:
        """Whether its module is there."""
        return find_spec(self.module) is not None


READERS = {
    "ours": Reader(ours, "magic_viewer", ("series", "enhanced", ".nii.gz")),
    "pydicom": Reader(pydicom, "pydicom", ("series", "enhanced")),
    "SimpleITK": Reader(simpleitk, "SimpleITK", ("series", "enhanced", ".nii.gz")),
    "dicom-numpy": Reader(dicom_numpy, "dicom_numpy", ("series",)),
    "nibabel": Reader(nibabel, "nibabel", (".nii.gz",)),
}


def measure(name: str, scan: Path) -> dict[str, float]:
    """Reads a scan in this process, which should have done nothing before.

    Returns:
        Seconds of the "import" and, after it, to the series "list", the "first" picture and the
        "whole" volume, and "peak" bytes of memory above those before opening, decoding child
        processes included.

    Raises:
        ValueError: slices came out differently than they were written.
    """
    paths, began = sorted((scan / "images").iterdir()), time.perf_counter()
    read = READERS[name].prepare()
    found = {"import": time.perf_counter() - began - (_START_S if name == "ours" else 0)}
    _forget_peak()
    before = _memory("VmRSS")
    began = time.perf_counter()

    def mark(what: str) -> None:
        found[what] = time.perf_counter() - began

    slices = read(paths, mark)
    mark("whole")
    found["peak"] = _memory("VmHWM") - before
    _check(slices, scan)
    return found


def _check(slices: Slices, scan: Path) -> None:
    import numpy as np

    truth = np.load(scan / "truth.npz")
    for k, written in zip(truth["k"], truth["slices"], strict=True):
        if not np.array_equal(slices(int(k)), written):
            raise ValueError(f"slice {k} of {scan.name} differs from what was written")


def _forget_peak() -> None:
    """Starts VmHWM anew, since imports may take more for a moment than they keep."""
    Path("/proc/self/clear_refs").write_text("5")


def _memory(what: str) -> int:
    """Bytes of this process and its children, from Linux's /proc/PID/status."""
    tasks = Path("/proc/self/task").glob("*/children")
    processes = ["self", *(child for task in tasks for child in task.read_text().split())]
    lines = [
        line
        for process in processes
        for line in Path(f"/proc/{process}/status").read_text().splitlines()
        if line.startswith(what)
    ]
    return sum(1024 * int(line.split()[1]) for line in lines)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
