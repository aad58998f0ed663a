"""Everything that touches the outside: HTTP, the database, files, the command line."""
