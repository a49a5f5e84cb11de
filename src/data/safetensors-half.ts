/** Widens IEEE 754 binary16 (1 sign, 5 exponent and 10 fraction bits) to float32; every value is exact. */
export function halfToFloat32(halves: Uint16Array): Float32Array {
  const widened = new Float32Array(halves.length);
  for (let at = 0; at < halves.length; at++) widened[at] = halfValue(halves[at] ?? 0);
  return widened;
}

function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Widens bfloat16, the upper half of a float32, to float32; every value is exact. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let at = 0; at < halves.length; at++) bits[at] = (halves[at] ?? 0) << 16;
  return new Float32Array(bits.buffer);
}
