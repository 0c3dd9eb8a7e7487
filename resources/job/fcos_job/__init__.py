"""Trains and runs FCOS Studio's detectors in PyTorch: on this machine, under torchrun, or on a Ray cluster.

The studio decides everything (preset, classes, starting weights, canvas, seed, order of images); this program does the
arithmetic and writes the run folder's own files, so that a half-done run goes on here or in the studio's engine.
"""
