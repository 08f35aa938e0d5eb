"""The conditional normalizing flow: torch only, no imaging, no Qt."""
