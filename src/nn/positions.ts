import { composite } from "../graph/control.ts";
import { concat, constant, type Tensor } from "../graph/tensor.ts";

/**
 * Vectors of waves for int32 positions [...]: [..., dimension] (Vaswani et al. 2017, section 3.5). The first half are
 * sines, the second half cosines, both of position / 10000^(2i / dimension), as in Marian and its Hugging Face port; the
 * paper interleaves them, which is the same up to the order of features.
 */
export function sinusoidalPositions(positions: Tensor, dimension: number): Tensor {
  const angles = anglesOf(positions, dimension, 10_000);
  return concat([angles.sin(), angles.cos()]);
}

/**
 * Rotary position embedding (Su et al. 2021, eq. 34): x [batch, heads, time, size], int32 positions [time] or
 * [batch, time]. Feature i of the first half and feature i of the second are turned as a pair by the angle
 * position / base^(2i / size), the convention of Llama in Hugging Face.
 */
export function rotate(x: Tensor, positions: Tensor, base: number): Tensor {
  if (x.rank !== 4) throw new Error(`Rotary positions turn [batch, heads, time, size], received [${x.shape.join(", ")}].`);
  if (positions.rank < 1 || positions.rank > 2) {
    throw new Error(`Positions are [time] or [batch, time], received [${positions.shape.join(", ")}].`);
  }
  const angles = anglesOf(positions, Number(x.dim(-1)), base); // [(batch,) time, size / 2]
  const spread = positions.rank === 1 ? angles : angles.expandDims(1); // beside heads
  return turn(x, spread.cos(), spread.sin());
}

/** Turns pairs (a, b) of halves by an angle: (a cos − b sin, b cos + a sin). Its derivative turns back. */
function turn(x: Tensor, cosine: Tensor, sine: Tensor): Tensor {
  const label = cosine.rank === 2 ? "rotate" : ""; // engines know the form in which all sentences have the same positions
  const [turned] = composite(label, [x, cosine, sine], (value, cos, sin) => {
    if (value === undefined || cos === undefined || sin === undefined) throw new Error("A rotation takes x, cosines and sines.");
    const half = Number(value.dim(-1)) / 2;
    const [first, second] = value.split([half, half]);
    if (first === undefined || second === undefined) throw new Error("A rotation has two halves.");
    return [concat([first.multiply(cos).subtract(second.multiply(sin)), second.multiply(cos).add(first.multiply(sin))])];
  }, { gradient: ([, cos, sin], _outputs, [dy]) => (cos && sin && dy ? [turn(dy, cos, sin.negate())] : []) });
  if (turned === undefined) throw new Error("A rotation has an output.");
  return turned;
}

/** position / base^(2i / dimension): [..., dimension / 2]. */
function anglesOf(positions: Tensor, dimension: number, base: number): Tensor {
  if (dimension % 2 !== 0) throw new Error(`Waves come in pairs of sine and cosine; an odd dimension, ${dimension}, has a feature left over.`);
  const frequencies = Array.from({ length: dimension / 2 }, (_, i) => base ** ((-2 * i) / dimension));
  return positions.cast("float32").expandDims(-1).multiply(constant(frequencies));
}
