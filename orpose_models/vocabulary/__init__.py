"""What everything speaks: joint sets, poses, cameras, resolutions."""
