"""What is computed: arrays in, arrays out. No files, no workflow, no logging, no global state."""
