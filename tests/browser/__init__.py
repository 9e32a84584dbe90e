"""The program as a person sees it, in Chromium."""
