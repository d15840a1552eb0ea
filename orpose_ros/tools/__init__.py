"""Programs around the node: player, demo, benchmark."""
