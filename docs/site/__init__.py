"""Parts of the site that `make docs` builds: docstrings, the REST API's page, checks, pictures."""
