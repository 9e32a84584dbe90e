"""One module or package per outside thing, named after the technology."""
