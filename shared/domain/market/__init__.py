"""Quotes, prices, edges and recommendations."""
