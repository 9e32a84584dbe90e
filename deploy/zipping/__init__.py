"""How the package and the layer for Lambda are put together."""
