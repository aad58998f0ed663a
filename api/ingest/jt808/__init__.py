"""JT/T 808 (2011, 2013, 2019): what a vehicle's terminal says, and what it is told. Bytes in, words out; no I/O."""
