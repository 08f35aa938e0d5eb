"""Whether the map finds what tells two classes apart, where that is known: made artefacts."""
