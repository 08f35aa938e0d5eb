"""Every command with its keys: menus, shortcuts and the F1 list are all made from this table."""

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

_CONTEXT = "Commands"


@dataclass(frozen=True)
class Command:
    """One thing the user can do.

    Attributes:
        name: what the program calls it.
        menu: "File", "View", "Window", "Mouse", "Measure", "Model" or "Help".
        text: what the user reads.
        keys: key sequences, the first is shown in the menu.
        is_checkable: whether it is on or off.
        starts_group: whether a line divides it from the one before.
    """

    name: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    is_checkable: bool = False
    starts_group: bool = False

    @property
    def words(self) -> str:
        """The text in the user's language."""
        return QCoreApplication.translate(_CONTEXT, self.text)


def _say(text: str) -> str:
    marked = QT_TRANSLATE_NOOP(_CONTEXT, text)
    return str(marked)


COMMANDS = (
    Command("open_file", "File", _say("Open file…"), ("Ctrl+O",)),
    Command("open_folder", "File", _say("Open folder…"), ("Ctrl+Shift+O",)),
    Command("open_sample", "File", _say("Open a sample scan")),
    Command("add_model", "File", _say("Add model…"), starts_group=True),
    Command("save_view", "File", _say("Save view…"), ("Ctrl+S",), starts_group=True),
    Command("generate", "File", _say("Generate"), ("Ctrl+Return", "Ctrl+Enter")),
    Command("settings", "File", _say("Settings…"), ("Ctrl+,",), starts_group=True),
    Command("cancel", "File", _say("Cancel: half drawn, tool, running work"), ("Esc",)),
    Command("quit", "File", _say("Quit"), ("Ctrl+Q",), starts_group=True),
    Command("previous_slice", "View", _say("Previous slice"), ("Up",)),
    Command("next_slice", "View", _say("Next slice"), ("Down",)),
    Command("back_ten", "View", _say("Ten slices back"), ("Shift+Up",)),
    Command("forward_ten", "View", _say("Ten slices on"), ("Shift+Down",)),
    Command("first_slice", "View", _say("First slice"), ("Home",)),
    Command("last_slice", "View", _say("Last slice"), ("End",)),
    Command("previous_series", "View", _say("Previous series"), ("PgUp",)),
    Command("next_series", "View", _say("Next series"), ("PgDown",)),
    Command("cine", "View", _say("Play the slices"), ("C",), is_checkable=True),
    Command("fit", "View", _say("Fit"), ("=",), starts_group=True),
    Command("zoom_in", "View", _say("Zoom in"), ("+",)),
    Command("zoom_out", "View", _say("Zoom out"), ("-",)),
    Command("actual_size", "View", _say("One image pixel on one screen pixel"), ("Ctrl+1",)),
    Command("flip_horizontal", "View", _say("Flip left and right"), ("H",)),
    Command("flip_vertical", "View", _say("Flip top and bottom"), ("V",)),
    Command("turn_right", "View", _say("Turn right"), ("R",)),
    Command("turn_left", "View", _say("Turn left"), ("L",)),
    Command("reset", "View", _say("Reset the view"), ("Space",)),
    Command(
        "radiological",
        "View",
        _say("Radiological: patient's right on screen left"),
        is_checkable=True,
        starts_group=True,
    ),
    Command("overlay", "View", _say("Likelihood map"), ("T",), is_checkable=True),
    Command("file_overlays", "View", _say("Overlays of the file"), ("O",), is_checkable=True),
    Command("tags", "View", _say("Tags of the file…"), ("Ctrl+T",)),
    Command("what_if", "View", _say("What if… (brush)"), ("P",), True, starts_group=True),
    Command("brush_smaller", "View", _say("Smaller brush"), ("[",)),
    Command("brush_larger", "View", _say("Larger brush"), ("]",)),
    Command("scale_bar", "View", _say("Scale bar"), ("K",), is_checkable=True),
    Command("smooth", "View", _say("Smooth between pixels"), ("S",), is_checkable=True),
    Command("layout_single", "View", _say("One view"), ("F2",), True, starts_group=True),
    Command("layout_planes", "View", _say("Axial, coronal, sagittal"), ("F3",), True),
    Command("layout_compare", "View", _say("Two series side by side"), ("F4",), True),
    Command("slab_kind", "View", _say("Slab: off, mean, MIP, MinIP"), ("D",)),
    Command("slab_thinner", "View", _say("Thinner slab"), (",",)),
    Command("slab_thicker", "View", _say("Thicker slab"), (".",)),
    Command("full_screen", "View", _say("Full screen"), ("F11",), is_checkable=True),
    Command("file_window", "Window", _say("The file's own window"), ("~", "`")),
    Command("full_range", "Window", _say("Full range"), ("0",)),
    Command("invert", "Window", _say("Invert"), ("I",)),
    Command("preset_0", "Window", _say("CT soft tissue"), ("1",), starts_group=True),
    Command("preset_1", "Window", _say("CT lung"), ("2",)),
    Command("preset_2", "Window", _say("CT bone"), ("3",)),
    Command("preset_3", "Window", _say("CT brain"), ("4",)),
    Command("preset_4", "Window", _say("CT liver"), ("5",)),
    Command("edit_presets", "Window", _say("Edit the CT presets…"), starts_group=True),
    Command("window_tool", "Mouse", _say("Left drag: window"), ("W",), is_checkable=True),
    Command("zoom_tool", "Mouse", _say("Left drag: zoom"), ("Z",), is_checkable=True),
    Command("pan_tool", "Mouse", _say("Left drag: pan"), ("G",), is_checkable=True),
    Command("crosshair_tool", "Mouse", _say("Left drag: crosshair"), ("X",), is_checkable=True),
    Command(
        "research_mouse",
        "Mouse",
        _say("Profile “research”: crosshair on the left button"),
        is_checkable=True,
        starts_group=True,
    ),
    Command("draw_distance", "Measure", _say("Distance"), ("M",), is_checkable=True),
    Command("draw_angle", "Measure", _say("Angle"), ("A",), is_checkable=True),
    Command("draw_rectangle", "Measure", _say("Rectangle"), ("B",), is_checkable=True),
    Command("draw_ellipse", "Measure", _say("Ellipse"), ("E",), is_checkable=True),
    Command("draw_freehand", "Measure", _say("Freehand region"), ("F",), is_checkable=True),
    Command("draw_arrow", "Measure", _say("Arrow with a note"), ("N",), is_checkable=True),
    Command("undo", "Measure", _say("Undo"), ("Ctrl+Z",), starts_group=True),
    Command("redo", "Measure", _say("Redo"), ("Ctrl+Y", "Ctrl+Shift+Z")),
    Command("delete_marking", "Measure", _say("Delete the measurement"), ("Del",)),
    Command("open_markings", "Measure", _say("Open measurements…"), starts_group=True),
    Command("save_markings", "Measure", _say("Save measurements…"), ("Ctrl+Shift+S",)),
    Command("classify_all", "Model", _say("Classify all slices"), ("Ctrl+Shift+A",)),
    Command("blind", "Model", _say("Blind reading"), ("Ctrl+B",), is_checkable=True),
    Command("remove_model", "Model", _say("Remove the added model…"), starts_group=True),
    Command("shortcuts", "Help", _say("Mouse and keys"), ("F1", "?")),
    Command("about", "Help", _say("About MAGIC Viewer")),
)
MENUS = {
    "File": _say("&File"),
    "View": _say("&View"),
    "Window": _say("&Window/level"),
    "Mouse": _say("M&ouse"),
    "Measure": _say("&Measure"),
    "Model": _say("M&odel"),
    "Help": _say("&Help"),
}
# What the buttons do is `mouse.gestures`, by profile.
MOUSE = (
    (_say("Wheel"), _say("Slice")),
    (_say("Ctrl + wheel"), _say("Zoom")),
    (_say("Left drag on a measurement"), _say("Move it, or its corner")),
    (_say("Left drag in “What if…”"), _say("Paint: edits a copy of the slice")),
    (_say("Alt + 1 … 9"), _say("Blind reading: answer with the class of this number")),
    (_say("Double click"), _say("One pane large, and back; in one view, fit")),
)


def translate(text: str) -> str:
    """A text of this table in the user's language."""
    return QCoreApplication.translate(_CONTEXT, text)
