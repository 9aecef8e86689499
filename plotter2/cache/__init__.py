"""Results of nodes kept between runs: a folder that may be deleted at any time. The host never looks into a result."""
