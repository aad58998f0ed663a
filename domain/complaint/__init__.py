"""Complaints (投诉): their states, terms and grounds as the regulation in force on the day of receipt has them."""
