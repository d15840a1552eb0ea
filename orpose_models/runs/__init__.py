"""A model over many images, with journal and resume."""
