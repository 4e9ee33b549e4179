"""``prompt``: the graph of ComfyUI nodes that saved a checkpoint, of which merges are one.

The API form: node id → ``{"class_type", "inputs"}``, where ``["3", 0]`` is a link to node 3
(github.com/comfyanonymous/ComfyUI, comfy_extras/nodes_model_merging.py). Loaders name files of a
stranger's disk, so a name is a hint at most, and a bare file name is no node at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._claims import Said, claims
from modelaudit.resolve.evidence._json import json_object
from modelaudit.resolve.evidence._merge_dag import ITSELF, Parents, shares

name = "comfyui"
reads = frozenset({"safetensors"})
grade = Grade.HINTED

_KEY = "prompt"
_SAVERS = frozenset({"CheckpointSave", "ModelSave"})
_LOADED = ("ckpt_name", "unet_name", "model_path")
_ADDED = "lora_name"
_ID = re.compile(r"[\w:.-]{1,40}\Z", re.ASCII)
_MAX_NODES = 1_000

_Nodes = Mapping[str, Mapping[str, Any]]
"""Id → class and inputs."""


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The models that the saved one was loaded or merged from."""
    return claims(document, name, _said(document.body))


def _said(metadata: Mapping[str, Any] | str) -> Iterator[Said]:
    graph = None if isinstance(metadata, str) else json_object(metadata.get(_KEY))
    if graph is None:
        return
    nodes: _Nodes = {
        id_: node
        for id_, node in islice(graph.items(), _MAX_NODES)
        if _ID.match(id_) and isinstance(node, dict) and isinstance(node.get("inputs"), dict)
    }
    recipes = _saved(nodes)
    known = shares(recipes)
    found = [
        (id_, key, text, known.get(id_) if key in _LOADED else None)
        for id_ in recipes.keys() - {ITSELF}
        for key in (*_LOADED, _ADDED)
        if isinstance(text := nodes[id_]["inputs"].get(key), str)
    ]
    relation = Relation.MERGE if len(found) > 1 else Relation.CONVERSION
    for id_, key, text, share in sorted(found):
        yield Said(text, f"/__metadata__/{_KEY}/{id_}/inputs/{key}", grade, relation, weight=share)


def _saved(nodes: _Nodes) -> dict[str, Parents]:
    """Node → what it is made from, of all nodes that what was saved goes back to."""
    savers = [id_ for id_, node in nodes.items() if str(node.get("class_type")) in _SAVERS]
    recipes: dict[str, Parents] = {}
    if len(savers) == 1:  # of several, the file does not say which one wrote it
        recipes[ITSELF] = _made_from(nodes, savers[0])
    else:
        recipes[ITSELF] = {id_: None for saver in savers for id_ in _made_from(nodes, saver)}
    waiting = list(recipes[ITSELF])
    while waiting:
        id_ = waiting.pop()
        if id_ not in recipes:
            recipes[id_] = _made_from(nodes, id_)
            waiting += recipes[id_]
    return recipes


def _made_from(nodes: _Nodes, id_: str) -> dict[str, float | None]:
    """The nodes whose model this one takes, with shares: ``ModelMergeSimple`` is rA + (1-r)B."""
    inputs, ratio = nodes[id_]["inputs"], nodes[id_]["inputs"].get("ratio")
    linked = {
        key: link[0]
        for key in ("model", "model1", "model2")
        if isinstance(link := inputs.get(key), list) and link and _is_node(nodes, link[0])
    }
    if set(linked) == {"model"}:
        return {linked["model"]: 1.0}
    is_sum = nodes[id_].get("class_type") == "ModelMergeSimple" and len(set(linked.values())) == 2
    if is_sum and isinstance(ratio, int | float) and 0 <= ratio <= 1:
        return {linked["model1"]: float(ratio), linked["model2"]: 1.0 - ratio}
    return dict.fromkeys(linked.values())


def _is_node(nodes: _Nodes, id_: object) -> bool:
    return isinstance(id_, str) and id_ in nodes
