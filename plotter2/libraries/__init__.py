"""The libraries that scripts use: where they lie, whose signature counts for them, and the lock file that pins them."""
