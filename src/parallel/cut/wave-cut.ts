import { inlineComposites, placeholder } from "../../graph/control.ts";
import { addDims, type Dim } from "../../graph/dimension.ts";
import { isNode, type Node } from "../../graph/node.ts";
import { int32, type Signature } from "../../graph/program.ts";
import { Tensor } from "../../graph/tensor.ts";
import { keepOrReapply, rewrite, TensorMap, topologicalOrder, withInputs } from "../../graph/traverse.ts";
import { LINEAR_CROSS_ENTROPY } from "../../nn/loss.ts";
import { ScheduleError } from "../schedule.ts";
import { refuse, requirePiecesOfTime, timeAxis } from "./pieces-of-time.ts";
import { recurrenceOf, recurrencesOf, type Recurrence } from "./recurrences.ts";
import { cutStages, type CutStage } from "./stages.ts";

/** Lengths of time before and after a piece, as feeds that are as long and hold nothing of use. */
const [BEFORE, AFTER] = [".before", ".after"];

/** Sequences that are read one after the other, as the source's and then the target's. */
export interface TimePhase {
  /** Name of the length. */
  readonly time: string;
  /** The computation over its first piece, which begins from what earlier phases have left. */
  readonly first: PieceGraph;
  /** And over any other, which begins from what the piece before has left. */
  readonly next: PieceGraph;
}

/** The computation over a piece of time, whole. */
export interface PieceGraph {
  /** The loss, in the phase that has it. */
  readonly results: readonly Tensor[];
  /** Placeholders of states that it begins from, and those that it ends with; each by the number of a state. */
  readonly given: ReadonlyMap<number, Tensor>;
  readonly left: ReadonlyMap<number, Tensor>;
}

/** One stage's part of it. */
export interface StagePiece extends CutStage {
  /** Numbers of the states that are the last of its inputs and of its outputs. */
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/** A loss that is computed in pieces of time. */
export class WaveCut {
  readonly phases: readonly TimePhase[];
  /** Layers that hand their state to each other from phase to phase, so that they lie together. */
  readonly links: readonly (readonly [string, string])[];
  readonly #loops: readonly Recurrence[];
  /** First and last state by its number, and which of the loop's inputs the first is. */
  readonly #states: readonly { readonly loop: Recurrence; readonly first: Tensor; readonly at: number; readonly last: Tensor }[];

  /** @throws ScheduleError where the loss cannot be computed in pieces of time */
  constructor(loss: Tensor) {
    const [whole = loss] = inlineComposites([loss], (node) => node.attributes.label === LINEAR_CROSS_ENTROPY || recurrenceOf(node) !== undefined);
    const loops = recurrencesOf([whole]);
    const times = [...new Set(loops.map(nameOfTime))];
    if (times.length === 0) throw new ScheduleError("The model has no loop over time, which a wavefront runs along; set parallel.schedule to 1f1b.");
    requirePiecesOfTime(whole, loops, new Set(times));
    this.#loops = loops;
    this.#states = loops.flatMap((loop) => loop.states.map(({ first, last }) => ({ loop, first: loop.node.inputs[first] ?? whole, at: first, last: new Tensor(loop.node, last) })));
    this.links = this.#linksOf(times);
    this.phases = times.map((time, at) => ({ time, first: this.#first(whole, times, at), next: this.#next(whole, times, at) }));
  }

  /** Feeds of a piece: a batch's, and how long it goes on before and after it. */
  signature(batch: Signature): Signature {
    return { ...batch, ...Object.fromEntries(this.phases.flatMap(({ time }) => [BEFORE, AFTER].map((side) => [`${time}${side}`, int32(`${time}${side}`)]))) };
  }

  /** The computation of all pieces but the first, without what goes from phase to phase: by it layers are ordered. */
  unlinked(): Tensor[] {
    return this.phases.flatMap(({ next }) => [...next.results, ...next.left.values()]);
  }

  /** It reads what loops of earlier phases have left. */
  #first(loss: Tensor, times: readonly string[], phase: number): PieceGraph {
    const isEarlier = ({ time }: Recurrence): boolean => times.slice(0, phase).includes(String(time));
    const stands = new Map(this.#states.flatMap(({ loop, last }, number) => (isEarlier(loop) ? [[number, placeholder(`state.${number}`, last)] as const] : [])));
    const piece = this.#piece(loss, times, phase, stands, (node, inputs) => keepOrReapply(node, inputs));
    const reached = new Set(topologicalOrder([...piece.results, ...piece.left.values()]));
    return { ...piece, given: new Map([...stands].filter(([, { node }]) => reached.has(node))) };
  }

  /** Its loops go on from what they have left. */
  #next(loss: Tensor, times: readonly string[], phase: number): PieceGraph {
    const stands = new Map(this.#states.map(({ last }, number) => [number, placeholder(`state.${number}`, last)]));
    const given = new Map<number, Tensor>();
    const piece = this.#piece(loss, times, phase, stands, (node, inputs) => {
      const own = [...stands].filter(([number]) => this.#states[number]?.loop.node === node);
      own.forEach(([number, stand]) => given.set(number, stand));
      return own.length === 0 ? keepOrReapply(node, inputs)
        : withInputs(node, inputs.map((tensor, at) => own.find(([number]) => this.#states[number]?.at === at)?.[1] ?? tensor));
    });
    return { ...piece, given };
  }

  /** `stands` are for the states of earlier phases; `rebuild` is for what neither counts positions nor draws. */
  #piece(
    loss: Tensor, times: readonly string[], phase: number, stands: ReadonlyMap<number, Tensor>, rebuild: (node: Node, inputs: readonly Tensor[]) => readonly Tensor[],
  ): Omit<PieceGraph, "given"> {
    const time = times[phase] ?? "";
    const earlier = new TensorMap<Tensor>();
    const ends = new Map<number, Tensor>();
    for (const [number, { loop, last }] of this.#states.entries()) {
      const stand = stands.get(number);
      if (loop.time === time) ends.set(number, last);
      else if (stand !== undefined && times.indexOf(String(loop.time)) < phase) earlier.set(last, stand);
    }
    const results = phase === times.length - 1 ? [loss] : [];
    const rewritten = rewrite([...results, ...ends.values()], earlier, (node, inputs) => shifted(node, time) ?? rebuild(node, inputs));
    return { results: rewritten.slice(0, results.length), left: new Map([...ends.keys()].map((number, at) => [number, rewritten[results.length + at] ?? loss])) };
  }

  #linksOf(times: readonly string[]): [string, string][] {
    const loopOf = new Map(this.#loops.map((loop) => [loop.node, loop]));
    return this.#states.flatMap(({ loop, first }) => {
      const ends = new TensorMap(this.#states.map(({ last }) => [last, true] as const));
      const sources = [first.node, ...topologicalOrder([first], ends)].flatMap((node) => [node, ...node.inputs.map((tensor) => tensor.node)]);
      return [...new Set(sources)].flatMap((node): [string, string][] => {
        const from = loopOf.get(node);
        if (from === undefined || from === loop) return [];
        if (times.indexOf(String(from.time)) >= times.indexOf(String(loop.time))) refuse(loop.node, `begins from a state of ${from.layer}, which reads the same sequence or a later one`);
        return [[from.layer, loop.layer]];
      });
    });
  }
}

/** Cuts a piece's computation into stages. */
export function cutPiece({ results, given, left }: PieceGraph, stages: number, stageOf: (layer: string) => number): StagePiece[] {
  const [begins, ends] = [[...given.keys()], [...left.keys()]];
  return cutStages(results, stages, stageOf, { given: [...given.values()], left: [...left.values()] }).map((stage) => (
    { ...stage, begins: stage.given.map((at) => begins[at] ?? 0), ends: stage.left.map((at) => ends[at] ?? 0) }));
}

function nameOfTime({ node, time, isReverse }: Recurrence): string {
  if (isReverse) refuse(node, "reads from the end");
  if (typeof time === "number" || !/^[A-Za-z_]\w*$/.test(time)) refuse(node, `runs along ${time} steps, which is no length that batches have by name`);
  return time;
}

/** Positions and random numbers of a piece are those of the whole: they are made for all of it, and a part is taken. */
function shifted(node: Node, name: string): Tensor[] | undefined {
  if (!isNode(node, "iota") && !isNode(node, "random")) return undefined;
  const time = timeAxis(node.attributes.shape, new Set([name]), node);
  if (time === undefined) return undefined;
  const before = `${name}${BEFORE}`;
  const shape = node.attributes.shape.map((dim, axis): Dim => {
    if (axis !== time.axis) return dim;
    if (dim !== name) refuse(node, `has an axis of ${dim}`);
    return addDims(addDims(before, name), `${name}${AFTER}`);
  });
  const whole = isNode(node, "iota") ? withInputs(node, [], { ...node.attributes, shape }) : withInputs(node, node.inputs, { ...node.attributes, shape });
  return whole.map((tensor) => tensor.slice(time.axis, before, addDims(before, name)));
}
