"""The database: the embedded server, transactions, roles, rows and queries."""
