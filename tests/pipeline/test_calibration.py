from magic_viewer.pipeline.calibration import UNLIKE, too_close, verdict


def test_that_the_verdict_names_what_was_never_seen_and_why() -> None:
    assert verdict(UNLIKE / 2, "is much smoother").startswith("Unlike anything")
    assert "(it is much smoother)" in verdict(UNLIKE / 2, "is much smoother")
    assert "Unusual" in verdict(0.03)
    assert "Typical" in verdict(0.6, "is much smoother")
    assert "smoother" not in verdict(0.6, "is much smoother")


def test_that_an_abstention_names_the_contenders() -> None:
    assert too_close(("FLAIR", "T1")).startswith("Too close to call: FLAIR or T1.")
