"""The watch 值守: what was stored a moment ago is glanced at in memory, and looked at where it does not add up."""
