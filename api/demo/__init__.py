"""The demo bureau: people, a vehicle, complaints, one closed trip and one under way, made by the use cases alone."""
