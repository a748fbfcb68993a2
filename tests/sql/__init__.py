"""The product's SQL and what users ask, judged by Google's analyzer and evaluator of GoogleSQL."""
