"""Training and evaluation, above the pipeline. No Qt."""
