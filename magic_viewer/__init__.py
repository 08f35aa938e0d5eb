"""MAGIC Viewer: a medical image viewer around one conditional normalizing flow."""

__version__ = "0.1.0"
