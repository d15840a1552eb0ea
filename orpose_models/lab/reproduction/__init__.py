"""The paper's tables on the simulated operating room: rows that are trained, measured and put into documents."""
