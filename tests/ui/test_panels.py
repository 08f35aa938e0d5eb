"""Views show and ask: a setter never speaks as if the user had acted."""

import pytest
from PySide6.QtCore import Qt

from magic_viewer.pipeline.results import Classification, SampleRequest
from magic_viewer.ui.classify_panel import ClassifyPanel
from magic_viewer.ui.generate_panel import GeneratePanel
from magic_viewer.ui.overlay_panel import OverlayPanel
from magic_viewer.ui.overlay_settings import OverlaySettings
from magic_viewer.ui.shortcuts import ShortcutsDialog


def classification(
    in_distribution: bool, contenders: tuple[str, ...] = ("FLAIR",)
) -> Classification:
    return Classification(
        label="FLAIR",
        probabilities={"FLAIR": 0.9, "T1": 0.1},
        probability_spreads={"FLAIR": 0.004, "T1": 0.002},
        contenders=contenders,
        log_likelihoods={"FLAIR": -11000.0, "T1": -11040.0},
        scale_log_likelihoods={"FLAIR": (-10000.0, -1000.0), "T1": (-10030.0, -1010.0)},
        log_likelihood_spreads={"FLAIR": 3.0, "T1": 3.5},
        bits_per_dim={"FLAIR": 3.874, "T1": 3.888},
        typicality=0.4 if in_distribution else 0.0,
        in_distribution=in_distribution,
        verdict="Typical." if in_distribution else "Unlike anything.",
        likelihood_temperatures=(20.0, 40.0),
        model="m",
        device="CPU",
        seconds=0.05,
    )


def test_that_an_answer_shows_class_probability_and_verdict(qtbot) -> None:
    panel = ClassifyPanel()
    qtbot.addWidget(panel)
    panel.set_labels(("FLAIR", "T1"))
    panel.show_answer(classification(True))
    assert panel.headline == "FLAIR  90.0 ± 0.4 %"
    assert panel.verdict == "Typical."
    assert panel.alarm == ""


def test_that_a_slice_too_close_to_call_gets_a_question_instead_of_a_class(qtbot) -> None:
    panel = ClassifyPanel()
    qtbot.addWidget(panel)
    panel.set_labels(("FLAIR", "T1"))
    panel.show_answer(classification(True, contenders=("FLAIR", "T1")))
    assert panel.headline == "FLAIR or T1?"
    assert "%" not in panel.headline
    assert panel.alarm == ""


def test_that_a_slice_unlike_the_training_images_gets_an_alarm_instead_of_a_class(qtbot) -> None:
    panel = ClassifyPanel()
    qtbot.addWidget(panel)
    panel.set_labels(("FLAIR", "T1"))
    panel.show_answer(classification(False))
    assert "FLAIR" not in panel.headline
    assert "Do not rely" in panel.alarm
    panel.show_answer(classification(True))
    assert panel.alarm == ""


def test_that_a_setter_of_the_overlay_panel_asks_for_nothing(qtbot) -> None:
    panel = OverlayPanel()
    qtbot.addWidget(panel)
    panel.set_labels(("FLAIR", "T1"))
    with qtbot.assertNotEmitted(panel.settings_requested):
        panel.set_settings(OverlaySettings(False, "T1", "FLAIR", 0.3, "magma", True))


def test_that_the_users_opacity_leaves_the_overlay_panel_as_a_signal(qtbot) -> None:
    panel = OverlayPanel()
    qtbot.addWidget(panel)
    panel.set_labels(("FLAIR", "T1"))
    panel.set_settings(OverlaySettings(target="T1", against="FLAIR"))
    with qtbot.waitSignal(panel.settings_requested) as asked:
        panel.colors._opacity.setValue(80)
    (settings,) = asked.args
    assert settings.opacity == pytest.approx(0.8)
    assert (settings.target, settings.against) == ("T1", "FLAIR")


def test_that_generate_asks_for_what_is_shown(qtbot) -> None:
    panel = GeneratePanel()
    qtbot.addWidget(panel)
    panel.set_labels(("FLAIR", "T1"))
    request = SampleRequest("T1", 0.65, 5, 42)
    with qtbot.assertNotEmitted(panel.generate_requested):
        panel.set_request(request)
    with qtbot.waitSignal(panel.generate_requested) as asked:
        qtbot.mouseClick(panel._generate, Qt.MouseButton.LeftButton)
    assert asked.args == [request]


def test_that_nothing_can_be_generated_without_a_model(qtbot) -> None:
    panel = GeneratePanel()
    qtbot.addWidget(panel)
    panel.set_labels(())
    with qtbot.assertNotEmitted(panel.generate_requested):
        panel.ask()


def test_that_all_keys_are_listed(qtbot) -> None:
    dialog = ShortcutsDialog()
    qtbot.addWidget(dialog)
    from PySide6.QtWidgets import QLabel

    texts = {label.text() for label in dialog.findChildren(QLabel)}
    assert {"PgUp", "Space", "Ctrl+Return, Ctrl+Enter", "Left drag"} <= texts
