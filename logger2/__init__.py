"""Records experiment output crash-safely; needs only the standard library."""
