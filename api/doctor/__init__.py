"""Gathers what `domain.doctor` judges: of the machine, of the service that runs, of the database and its bureaus."""
