"""The two functions of AWS Lambda: `api` serves the pages, `worker` does the stored jobs.

Importing one of the modules is its start-up; each has an event loop that lives as long as the
container, because clients belong to the loop that they were opened on.
"""
