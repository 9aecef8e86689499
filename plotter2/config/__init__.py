"""Configuration: one frozen value, read once from flags, environment and `config/plotter2.toml` under the root."""
