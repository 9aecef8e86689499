"""The kernels, one module for each family of the registry; `p2std.binding` loads and lists them."""
