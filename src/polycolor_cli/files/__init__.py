"""Read any picture safely, write it atomically, here or wherever fsspec reaches."""
