import { describe, expect, test } from "vitest";
import { bfloat16ToFloat32, halfToFloat32 } from "./safetensors-half.ts";

const ALL = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);

test("float16 is widened by its definition, and in order", () => {
  const values = halfToFloat32(ALL);
  // IEEE 754-2019, table 3.5: the largest finite number, 1, the smallest normal and subnormal ones, and what is none.
  expect([0x7bff, 0x3c00, 0x0400, 0x0001, 0x7c00, 0xfc00, 0x7e00].map((bits) => values[bits])).toEqual([65504, 1, 2 ** -14, 2 ** -24, Infinity, -Infinity, NaN]);
  for (let bits = 1; bits < 0x7c00; bits++) expect((values[bits] ?? NaN) > (values[bits - 1] ?? NaN) && values[bits + 0x8000] === -(values[bits] ?? NaN)).toBe(true);
  expect(Object.is(values[0x8000], -0)).toBe(true);
});

test("bfloat16 is the upper half of a float32", () => {
  const view = new DataView(new ArrayBuffer(4));
  bfloat16ToFloat32(ALL).forEach((value, bits) => {
    view.setUint16(0, bits);
    expect(Object.is(value, view.getFloat32(0))).toBe(true);
  });
});

describe.each([["float16", halfToFloat32], ["bfloat16", bfloat16ToFloat32]] as const)("%s", (_name, widen) => {
  test("of sixteen million weights is widened in a fraction of a second", () => {
    const halves = new Uint16Array(2 ** 24).fill(0x3c01);
    const before = process.cpuUsage();
    widen(halves);
    expect(process.cpuUsage(before).user).toBeLessThan(0.7e6); // microseconds; by a function a number it took two seconds
  });
});
