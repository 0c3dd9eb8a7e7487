"""The program with the fault that each process divides by its own positives: what the comparison of losses must notice."""
from fcos_job import loss, train

together = loss.summed
loss.summed = lambda values: [float(value) for value in values] if len(values) == 2 else together(values)
train.main()
