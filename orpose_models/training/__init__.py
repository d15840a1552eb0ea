"""From unlabelled images to a trained student: pseudo-labels, data loading, the loop, resuming, several processes."""
