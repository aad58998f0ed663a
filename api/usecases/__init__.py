"""What people do, one file a verb: load facts, ask a rule, write rows and the ledger entry, commit."""
