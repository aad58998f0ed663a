"""Backups and what they are held against: manifest, the one file, the way back."""
