"""The release. In a module of its own, so that no part has to import the whole package."""

__version__ = "0.1.0"
