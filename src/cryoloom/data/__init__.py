"""What the data are: items with typed, united, explained columns; sets with generations; identity; transforms."""
