"""Where imaging meets the flow: results, preprocessing, the engine, overlays, export. No Qt."""
