"""Pages of the three workplaces. They only show: what changes anything goes through `/v1`, sent by `act.js`."""
