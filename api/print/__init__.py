"""Paper: dispatch order, visit note, mediation record."""
