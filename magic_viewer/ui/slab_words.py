"""A slab in words. No Qt."""

from magic_viewer.imaging.reslice import Slab

NAMES = {"mean": "Mean", "max": "MIP", "min": "MinIP"}


def slab_words(slab: Slab, step: float) -> str:
    """What is joined, and how thick it comes out in whole planes."""
    thickness = (2 * slab.reach(step) + 1) * step
    return f"{NAMES[slab.kind]} of {thickness:.3g} mm"
