"""The door for positions: one decoder a protocol (bytes to fixes, and a reply), and the writer behind them all."""
