"""From recordings of one room to a student of that room, with proof: what `orpose adapt` does."""
