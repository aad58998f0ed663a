"""What open pages are told as it happens: heard from the database once a process, handed on in memory."""
