"""What to draw: label, sampling temperature, how many, from which seed."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.pipeline.results import SampleRequest
from magic_viewer.progress import Progress
from magic_viewer.ui.theme import SPACING, fill_width
from magic_viewer.ui.time_left import TimeLeft

_LARGEST_SEED = 2**31 - 1


class GeneratePanel(QWidget):
    """Says what the user wishes and how far the wish is."""

    generate_requested = Signal(object)
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QComboBox()
        self._label.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._label.setMinimumContentsLength(8)
        self._temperature = QDoubleSpinBox()
        self._temperature.setRange(0.05, 2.0)
        self._temperature.setSingleStep(0.05)
        self._temperature.setToolTip(
            self.tr("Multiplies the latent noise: lower is smoother and more typical.")
        )
        self._count = QSpinBox()
        self._count.setRange(1, 256)
        self._seed = QSpinBox()
        self._seed.setRange(0, _LARGEST_SEED)
        self._seed.setToolTip(self.tr("Image n is drawn with seed + n, so it can be drawn again."))
        self._generate = QPushButton(self.tr("Generate"))
        self._generate.setProperty("primary", True)
        self._cancel = QPushButton(self.tr("Cancel"))
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress of generation"))
        self._time_left = TimeLeft()
        self._status = QLabel()
        self._status.setTextFormat(Qt.TextFormat.PlainText)
        self._status.setProperty("role", "quiet")
        self._status.setWordWrap(True)
        self._connect()
        self._lay_out()
        self.set_request(SampleRequest(""))
        self.set_labels(())

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """The classes to draw; none while there is no model."""
        self._label.clear()
        self._label.addItems(labels)
        self._update_enabled(is_busy=False)
        self.set_status("" if labels else self.tr("Waiting for a model…"))

    def set_request(self, request: SampleRequest) -> None:
        """Shows a wish."""
        self._label.setCurrentText(request.label)
        self._temperature.setValue(request.temperature)
        self._count.setValue(request.count)
        self._seed.setValue(request.seed)

    def set_busy(self, is_busy: bool) -> None:
        """Whether images are being drawn."""
        self._update_enabled(is_busy)
        if is_busy:
            self._time_left = TimeLeft()
            self._bar.setRange(0, 0)

    def set_progress(self, progress: Progress) -> None:
        """How far it is."""
        self._bar.setRange(0, progress.total or 0)
        self._bar.setValue(progress.done)
        self._status.setText(progress.message + self._time_left.words(progress))

    def set_status(self, text: str) -> None:
        """How it went."""
        self._status.setText(text)

    @property
    def status(self) -> str:
        """The line under the buttons."""
        return self._status.text()

    @property
    def is_ready(self) -> bool:
        """Whether Generate can be clicked: there is a model, and it isn't drawing."""
        return self._generate.isEnabled()

    def ask(self) -> None:
        """As if Generate had been clicked."""
        if self.is_ready:
            self._generate.click()

    def _request(self) -> SampleRequest:
        return SampleRequest(
            label=self._label.currentText(),
            temperature=round(self._temperature.value(), 2),
            count=self._count.value(),
            seed=self._seed.value(),
        )

    def _update_enabled(self, is_busy: bool) -> None:
        self._generate.setEnabled(self._label.count() > 0 and not is_busy)
        self._label.setEnabled(self._label.count() > 0)
        self._cancel.setEnabled(is_busy)
        self._bar.setVisible(is_busy)

    def _connect(self) -> None:
        for button in (self._generate, self._cancel):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._generate.clicked.connect(lambda: self.generate_requested.emit(self._request()))
        self._cancel.clicked.connect(self.cancel_requested)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(2 * SPACING)
        form.setVerticalSpacing(SPACING)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for name, widget in (
            (self.tr("Label"), self._label),
            (self.tr("Sampling temperature"), self._temperature),
            (self.tr("Images"), self._count),
            (self.tr("Seed"), self._seed),
        ):
            widget.setAccessibleName(name)
            fill_width(widget)
            form.addRow(name, widget)
        buttons = QHBoxLayout()
        buttons.addWidget(self._generate, 1)
        buttons.addWidget(self._cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(form)
        column.addLayout(buttons)
        column.addWidget(self._bar)
        column.addWidget(self._status)
