"""How pixels are drawn, whatever the slice. No Qt."""

from dataclasses import dataclass

from magic_viewer.pipeline.image_colors import GREY


@dataclass(frozen=True)
class Look:
    """What the user chose for the image itself.

    Attributes:
        colors: name of the colour map, one of `image_colors.COLOR_MAPS`.
        is_smooth: between pixels colours are interpolated; else pixels show as they are.
        has_scale_bar: whether a length in mm lies over the slice, where mm are known.
    """

    colors: str = GREY
    is_smooth: bool = True
    has_scale_bar: bool = True
