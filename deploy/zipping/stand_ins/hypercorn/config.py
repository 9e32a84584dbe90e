"""The configuration of a server."""


class Config:
    """Nothing to configure."""
