"""Book Library: a home library on a laptop or on the owner's AWS account."""

__version__ = "0.1.0"
