"""One script from open to publish; each stage is a function with one input type and one output type."""
