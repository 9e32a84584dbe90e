"""`python -m booklib` is the `booklib` command."""

from booklib.cli import main

main()
