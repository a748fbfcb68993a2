"""Model bundles: their files, verification and evaluation of trees."""
