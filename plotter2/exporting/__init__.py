"""Bundles as files for other stores and other programs: one module for each format, and what they share in `wanted`."""
