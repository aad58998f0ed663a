"""The ledger's bytes: what an entry says for good, and what of it can be erased."""
