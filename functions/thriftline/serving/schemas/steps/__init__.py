"""What goes into and comes out of each Task of ``statemachines/deploy_model.asl.yaml``.

A deployment's document lies in the artifacts bucket; the execution that owns it is its name here. A
module for each part of the machine: a function that starts cold loads the models of its own.
"""
