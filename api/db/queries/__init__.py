"""The read side: facts for rules and views for answers."""
