"""The pages: one blueprint per page family; nothing outside this package imports Quart."""
