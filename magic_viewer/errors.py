"""Everything the program raises on purpose.

MagicViewerError
├── ImagingError    a file or series can't be read, or would be shown wrongly
├── ModelError      a model folder or checkpoint can't be used
├── DataError       a training or evaluation data set can't be used
├── ExportError     a result can't be written
├── RequestError    what was asked for doesn't exist (an unknown label, slice, option)
└── ScreenError     there is nothing a window can be shown on

The message of each is one or two sentences for the user: which file or setting, what was
expected, what came, what to do next. It never carries patient data.
"""


class MagicViewerError(Exception):
    """Base of all errors whose message is meant for the user."""


class ImagingError(MagicViewerError):
    """A file or series can't be read, or would be shown wrongly."""


class ModelError(MagicViewerError):
    """A model folder or checkpoint can't be used."""


class DataError(MagicViewerError):
    """A training or evaluation data set can't be used."""


class ExportError(MagicViewerError):
    """A result can't be written."""


class RequestError(MagicViewerError):
    """What was asked for doesn't exist: an unknown label, slice or option."""


class ScreenError(MagicViewerError):
    """There is nothing a window can be shown on."""
