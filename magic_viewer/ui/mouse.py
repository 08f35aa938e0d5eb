"""What the mouse does on a slice: one table for the profiles, the tools and the F1 list."""

from typing import Final, Literal

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, Qt

from magic_viewer.ui.preferences import MOUSE_PROFILE, Preferences

Action = Literal["window", "zoom", "pan", "crosshair", "region"]
Profile = Literal["clinical", "research"]

_CONTEXT = "Mouse"
_LEFT, _MIDDLE, _RIGHT = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.RightButton,
)
_PLAIN, _CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier

Gesture = tuple[Profile, Qt.MouseButton, Qt.KeyboardModifier]
BINDINGS: Final[dict[Gesture, Action]] = {
    ("clinical", _LEFT, _PLAIN): "window",
    ("clinical", _LEFT, _CTRL): "region",
    ("clinical", _MIDDLE, _PLAIN): "pan",
    ("clinical", _RIGHT, _PLAIN): "zoom",
    ("research", _LEFT, _PLAIN): "crosshair",
    ("research", _LEFT, _CTRL): "region",
    ("research", _MIDDLE, _PLAIN): "pan",
    ("research", _RIGHT, _PLAIN): "zoom",
}
# What a plain left drag can be made to do.
TOOLS: Final[tuple[Action, ...]] = ("window", "zoom", "pan", "crosshair")


def _say(text: str) -> str:
    marked = QT_TRANSLATE_NOOP(_CONTEXT, text)
    return str(marked)


_WORDS: Final[dict[Action, str]] = {
    "window": _say("Window: width sideways, centre up and down"),
    "zoom": _say("Zoom"),
    "pan": _say("Pan"),
    "crosshair": _say("Crosshair"),
    "region": _say("Window from a region"),
}
_GESTURES: Final = {
    (_LEFT, _PLAIN): _say("Left drag"),
    (_LEFT, _CTRL): _say("Ctrl + left drag"),
    (_MIDDLE, _PLAIN): _say("Middle drag"),
    (_RIGHT, _PLAIN): _say("Right drag"),
}


def own_tool(profile: Profile) -> Action:
    """What a plain left drag does as long as no other tool is taken."""
    return BINDINGS[profile, _LEFT, _PLAIN]


def action_for(
    profile: Profile, tool: Action, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier
) -> Action | None:
    """What a drag does, or None; modifiers that mean nothing are left out."""
    with_ctrl = BINDINGS.get((profile, button, _CTRL))
    if with_ctrl is not None and modifiers & _CTRL:
        return with_ctrl
    return tool if button == _LEFT else BINDINGS.get((profile, button, _PLAIN))


def is_crosshair_move(buttons: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
    """Whether a move of the pointer takes the crosshair along: Shift, without a button."""
    return not buttons and bool(modifiers & Qt.KeyboardModifier.ShiftModifier)


def gestures(profile: Profile) -> list[tuple[str, str]]:
    """The profile's drags in the user's language, for the F1 list."""
    rows = [
        (_translate(_GESTURES[button, modifiers]), words(action))
        for (owner, button, modifiers), action in BINDINGS.items()
        if owner == profile
    ]
    return [*rows, (_translate(_say("Shift + move")), words("crosshair"))]


def words(action: Action) -> str:
    """What it does, in the user's language."""
    return _translate(_WORDS[action])


def saved_profile(preferences: Preferences) -> Profile:
    """The user's profile."""
    return "research" if preferences.get(MOUSE_PROFILE) == "research" else "clinical"


def _translate(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)
