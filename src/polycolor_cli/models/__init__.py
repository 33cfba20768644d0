"""The published models: a name -> the verified bytes of a file, and the check of files that are not ours."""
