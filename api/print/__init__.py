"""What is printed: the vehicle log; orders, notes and records as PDF."""
