"""The life of a use of the vehicle: trips 出车 and upkeep orders 维保单."""
