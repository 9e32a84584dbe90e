"""Moving in and moving out: files of other programs, and of this one, read and written."""
