"""Times of the engine on one slice: loading, classification with all maps, sampling."""

import numpy as np

from benchmarks.common import options, show, timed
from magic_viewer.imaging.study import Slice
from magic_viewer.paths import model_folders
from magic_viewer.pipeline.engine import Engine
from magic_viewer.pipeline.results import SampleRequest


def main() -> None:
    """Measures every bundled model on a made 256 × 256 slice."""
    chosen = options(__doc__)
    runs = 5 if chosen.quick else 25
    rows, columns = np.mgrid[-1:1:256j, -1:1:256j]
    disc = 100.0 * (rows**2 + (1.3 * columns) ** 2 < 0.6)
    noise = np.random.default_rng(0).normal(0, 4, disc.shape)
    image = Slice((disc + noise).astype(np.float32))
    figures = []
    for folder in model_folders():
        engine = Engine.load(folder)
        request = SampleRequest(engine.info.labels[0], 0.8, count=16)
        name = f"{folder.name} on {engine.device}"
        figures += [
            timed(f"{name}: load", min(runs, 5), lambda folder=folder: Engine.load(folder)),
            timed(f"{name}: classify a slice, all maps", runs, lambda e=engine: e.examine(image)),
            timed(
                f"{name}: draw 16 samples",
                min(runs, 5),
                lambda e=engine, r=request: list(e.generate(r)),
            ),
        ]
    show(figures, chosen.json)


if __name__ == "__main__":
    main()
