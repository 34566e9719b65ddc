"""One-shot tools: one stage on its own, files in, files out."""
