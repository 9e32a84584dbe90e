"""What is known of each program's file: one module a format, found by itself.

A new format is one new module here with a `FORMAT`.
"""
