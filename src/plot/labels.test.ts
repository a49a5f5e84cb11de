import { fc, it } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { placeLabels, type LabelFrame } from "./labels.ts";

const frame = { x: { title: "x", domain: [0, 400] as const }, y: { title: "y", domain: [0, 300] as const }, width: 400, height: 300, padding: 0, points: [] } satisfies LabelFrame;
const label = (text: string, x: number, y: number) => ({ text, anchors: [{ x, y }], stands: "beside" as const });

/** The pixels that a text of some 6 by 13 pixels a character covers, from the top left corner of this frame. */
function boxes(labels: ReturnType<typeof placeLabels>) {
  return labels.map(({ text, x, y, align, dx, dy }) => {
    const width = 6 * text.length;
    const left = x + dx - { left: 0, center: width / 2, right: width }[align];
    return { left, right: left + width, top: 300 - y + dy - 6.5, bottom: 300 - y + dy + 6.5 };
  });
}

test("a label stands to the right of its point where all is free, and to the left at the right edge", () => {
  expect(placeLabels([label("west", 20, 150), label("east", 390, 150)], frame).map(({ align }) => align)).toEqual(["left", "right"]);
});

it.prop([fc.integer({ min: 40, max: 360 }), fc.integer({ min: 20, max: 280 })])("labels of two points at nearly one place do not cover each other", (x, y) => {
  const [one, other] = boxes(placeLabels([label("first", x, y), label("second", x + 3, y + 3)], frame));
  expect(one !== undefined && other !== undefined && (one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top)).toBe(true);
});

it.prop([fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 300 })])("labels stay inside the chart", (x, y) => {
  const [box] = boxes(placeLabels([label("somewhere", x, y)], frame));
  expect(box?.left).toBeGreaterThanOrEqual(-1);
  expect(box?.right).toBeLessThanOrEqual(401);
  expect(box?.top).toBeGreaterThanOrEqual(-1);
  expect(box?.bottom).toBeLessThanOrEqual(301);
});

test("a label gives way to points beside its own", () => {
  const crowd = Array.from({ length: 10 }, (_, at) => ({ x: 210 + 4 * at, y: 150 }));
  const [placed] = placeLabels([label("point", 200, 150)], { ...frame, points: crowd });
  expect(placed?.align).toBe("right");
});

test("on logarithmic axes equal ratios are equal distances, as where two labels meet", () => {
  const log = { title: "x", scale: "log" as const, domain: [1, 1e8] as const };
  const [, second] = placeLabels([label("ten thousand", 1e4, 150), label("next", 1e5, 150)], { ...frame, x: log });
  // 50 pixels to the right stands the next point, below the first label: its own label goes above or below that.
  expect(second?.dy === 0 && second.align === "right").toBe(false);
});

test("a label on a line moves along it to where none stands yet", () => {
  const along = [100, 200, 300].map((x) => ({ x, y: 150 }));
  const placed = placeLabels([{ text: "3.0", anchors: along, stands: "on" }, { text: "2.9", anchors: along, stands: "on" }], frame);
  expect(placed.map(({ x, dx, dy }) => [x, dx, dy])).toEqual([[100, 0, 0], [200, 0, 0]]);
});
