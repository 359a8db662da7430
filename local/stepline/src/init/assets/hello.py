"""The smallest job: says hello. Its input and output are where SageMaker mounts them, below /opt/ml/processing."""

print("Hello World!")
