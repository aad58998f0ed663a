"""What a phone signs: acts in a chain of their own, and what can be proved of when they were made."""
