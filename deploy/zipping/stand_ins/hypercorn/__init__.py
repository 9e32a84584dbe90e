"""What Quart imports of the web server that it starts elsewhere; on Lambda there is none to start.

The real one, with all that it needs, would make each start of a function a fifth longer.
"""
