"""Why a trained relation works: what its scores and its encodings know and do."""
