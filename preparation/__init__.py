"""Raw data made into a data set, with Spark: a world of its own, see README.md."""
