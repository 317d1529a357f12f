"""The pictures in `plots/figures/`: how they look, and what each shows."""
