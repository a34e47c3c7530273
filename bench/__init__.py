"""Benchmarks: figures to compare, never tests."""
