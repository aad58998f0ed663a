"""Where an address lies: sites remembered from earlier jobs, then a geocoder of the bureau's choice."""
