"""The simulated operating room: images of staged surgery with exact ground truth, made from numbers alone."""
