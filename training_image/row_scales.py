"""Gives each vector of a graph a scale of its own before it is quantised.

Dynamic quantisation has one scale for all vectors that go through a matrix at a time, and one large
vector among them spoils all. Here each is divided by its largest number before the product, and the
product is multiplied by it: the same numbers, all of one size when they are rounded.
"""

from typing import Any

import numpy as np

OPSET = 18
"""The first in which ReduceMax takes its axes as an input."""


def scale_rows(model: Any) -> None:
    """Changes the products with constant matrices in an onnx.ModelProto."""
    from onnx import helper, numpy_helper

    graph = model.graph
    constants = {each.name for each in graph.initializer}
    graph.initializer.append(numpy_helper.from_array(np.array(1e-9, np.float32), "row_floor"))
    graph.initializer.append(numpy_helper.from_array(np.array([-1], np.int64), "row_axes"))
    nodes: list[Any] = []
    scaled: dict[str, str] = {}
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in constants:
            nodes.append(node)
            continue
        vectors, product = node.input[0], node.output[0]
        if vectors not in scaled:
            name = scaled[vectors] = f"rows_{len(scaled)}"
            nodes += [
                helper.make_node("Abs", [vectors], [f"{name}_abs"]),
                helper.make_node(
                    "ReduceMax", [f"{name}_abs", "row_axes"], [f"{name}_max"], keepdims=1
                ),
                helper.make_node("Max", [f"{name}_max", "row_floor"], [f"{name}_scale"]),
                helper.make_node("Div", [vectors, f"{name}_scale"], [f"{name}_scaled"]),
            ]
        name = scaled[vectors]
        node.input[0], node.output[0] = f"{name}_scaled", f"{product}_scaled"
        nodes += [node, helper.make_node("Mul", [f"{product}_scaled", f"{name}_scale"], [product])]
    del graph.node[:]
    graph.node.extend(nodes)
    for each in model.opset_import:
        if each.domain in ("", "ai.onnx"):
            each.version = max(each.version, OPSET)
