import { addDims, type Dim } from "../../graph/dimension.ts";
import { nodeFlops } from "../../graph/flops.ts";
import type { Node } from "../../graph/node.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { Dependence } from "./dependence.ts";

/** A part of a model that is not cut, as a layer. */
export interface ModelUnit {
  /** Paths of the layers in it; the model's own work is "output". */
  readonly layers: readonly string[];
  /** Of the forward pass's matrix products. */
  readonly flops: Dim;
}

/** What a model does itself, in no layer, before and after all layers. */
const INPUT = "input";
const OUTPUT = "output";

/**
 * The layers of the activations that read weights: the path of whoever built one, as far as the place in a list of layers.
 * What the model itself does between layers has none, and goes with what it reads.
 */
export function layersOf(dependence: Dependence): ReadonlyMap<Node, string> {
  const layers = new Map<Node, string>();
  const between = new Set<Node>(); // what later layers rest on
  for (const node of [...dependence.order].reverse()) {
    const layer = layerOfPath(node.path);
    const reads = dependence.isActivation(node) && dependence.weightsOf(node).length > 0;
    if (reads && layer !== undefined) layers.set(node, layer);
    else if (reads && !between.has(node)) layers.set(node, OUTPUT);
    if (between.has(node) || (reads && layer !== undefined)) node.inputs.forEach((tensor) => between.add(tensor.node));
  }
  return layers;
}

export function layerOfPath(path: string): string | undefined {
  const parts = path.split(".");
  const numbered = parts.findIndex((part) => /^\d+$/.test(part));
  const layer = (numbered >= 0 ? parts.slice(0, numbered + 1) : parts.slice(0, 1)).join(".");
  return layer === "" ? undefined : layer;
}

/**
 * The units of a loss in the order of the forward pass, so that each reads only units before it. Layers that read each
 * other are one unit.
 */
export function modelUnits(loss: Tensor): ModelUnit[] {
  return unitsOf([loss]);
}

/** The same of several results; `links` are layers that are one unit whatever they read. */
export function unitsOf(results: readonly Tensor[], links: readonly (readonly [string, string])[] = []): ModelUnit[] {
  const { layers, reads, lengths, flops } = layerGraph(new Dependence(results));
  for (const [one, other] of links) {
    reads.get(one)?.add(other);
    reads.get(other)?.add(one);
  }
  const joint = connectedLayers([...layers], (layer) => (
    // Of several layers the one with the longest way behind it comes first, so that others come just before they are read.
    [...(reads.get(layer) ?? [])].sort((a, b) => (lengths.get(b) ?? 0) - (lengths.get(a) ?? 0))));
  const place = new Map(joint.flatMap((unit, at) => unit.map((layer) => [layer, at] as const)));
  return joint.map((unit, at) => ({
    layers: unit,
    flops: flops.filter(({ read }) => Math.max(...[...read].map((layer) => place.get(layer) ?? 0)) === at)
      .map(({ count }) => count).reduce(addDims, 0),
  }));
}

/** Which layer reads which, how many nodes lie behind each, and what the nodes take. */
function layerGraph(dependence: Dependence) {
  const layerOfNode = layersOf(dependence);
  const layers = new Set<string>();
  const reads = new Map<string, Set<string>>();
  const lengths = new Map<string, number>();
  const flops: { read: ReadonlySet<string>; count: Dim }[] = [];
  const known = new Map<Node, { read: ReadonlySet<string>; length: number }>();
  for (const node of dependence.order) {
    if (!dependence.isActivation(node)) continue;
    const inputs = node.inputs.flatMap((tensor) => known.get(tensor.node) ?? []);
    const before = new Set(inputs.flatMap(({ read }) => [...read]));
    const layer = layerOfNode.get(node) ?? (before.size === 0 ? INPUT : undefined);
    const length = 1 + Math.max(0, ...inputs.map((input) => input.length));
    const read = layer === undefined ? before : new Set([layer]);
    known.set(node, { read, length });
    flops.push({ read, count: nodeFlops(node) });
    if (layer === undefined) continue;
    layers.add(layer);
    reads.set(layer, new Set([...(reads.get(layer) ?? []), ...before]));
    lengths.set(layer, Math.max(length, lengths.get(layer) ?? 0));
  }
  return { layers, reads, lengths, flops };
}

/** Strongly connected components, each after all that it reads (Tarjan 1972). */
function connectedLayers(layers: readonly string[], readsOf: (layer: string) => readonly string[]): string[][] {
  const found: string[][] = [];
  const numbers = new Map<string, number>();
  const open: string[] = [];
  const visit = (layer: string): number => {
    const number = numbers.size;
    numbers.set(layer, number);
    open.push(layer);
    let lowest = number;
    for (const other of readsOf(layer)) {
      if (!numbers.has(other)) lowest = Math.min(lowest, visit(other));
      else if (open.includes(other)) lowest = Math.min(lowest, numbers.get(other) ?? lowest);
    }
    if (lowest === number) found.push(open.splice(open.indexOf(layer)));
    return lowest;
  };
  for (const layer of [...layers].reverse()) if (!numbers.has(layer)) visit(layer);
  return found;
}
