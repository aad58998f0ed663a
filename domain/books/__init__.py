"""The kilometre books (里程账): readings, and to what each metre between them belongs."""
