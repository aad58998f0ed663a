"""The witness of a trip: recorded positions, cleaned, measured and shown. It never overwrites a reading."""
