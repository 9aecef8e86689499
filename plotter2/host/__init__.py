"""The host puts the parts of one root together; nothing else does."""
