"""How files say it: images, movies, metadata tables and atomic models, read and written."""
