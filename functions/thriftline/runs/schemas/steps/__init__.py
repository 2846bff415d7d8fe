"""What goes into and comes out of each Task of ``statemachines/training.asl.yaml``.

Payloads stay small: a run's documents lie in the artifacts bucket and are found by ``run_id``. A
module for each part of the machine: a function that starts cold loads the models of its own.
"""
