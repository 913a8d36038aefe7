"""Instance heatmaps, one maker per kind of prediction."""
