"""Relations, heatmaps, hosts and base architectures; imports nothing by itself."""
