"""A database goes on: to the next release, another server, a cluster, PostgreSQL's next major version."""
