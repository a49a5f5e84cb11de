import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { symmetrise, type AlignmentLinks, type Symmetrisation } from "./symmetrise.ts";

/** Both directions of a sentence pair of up to six words a side. */
const directions = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([sources, targets]) => fc.tuple(
  fc.array(fc.integer({ min: -1, max: sources - 1 }), { minLength: targets, maxLength: targets }),
  fc.array(fc.integer({ min: -1, max: targets - 1 }), { minLength: sources, maxLength: sources }),
));

function links(forward: readonly number[], backward: readonly number[], how: Symmetrisation): Set<string> {
  return texts(symmetrise(Int32Array.from(forward), Int32Array.from(backward), how));
}

function texts(each: AlignmentLinks): Set<string> {
  return new Set([...each].map((link) => link.join("-")));
}

describe("symmetrisation", () => {
  property.prop([directions])("each way lies between intersection and union, and the final ones hold what was grown", ([forward, backward]) => {
    const order = [["intersection", "grow-diag"], ["grow-diag", "grow-diag-final-and"], ["grow-diag", "grow-diag-final"],
      ["grow-diag-final-and", "union"], ["grow-diag-final", "union"]] as const;
    for (const [smaller, larger] of order) {
      const all = links(forward, backward, larger);
      for (const link of links(forward, backward, smaller)) expect(all).toContain(link);
    }
  });

  property.prop([directions])("intersection and union are those of the sets", ([forward, backward]) => {
    const forwards = new Set(forward.flatMap((source, target) => (source < 0 ? [] : [`${source}-${target}`])));
    const backwards = new Set(backward.flatMap((target, source) => (target < 0 ? [] : [`${source}-${target}`])));
    expect(links(forward, backward, "intersection")).toEqual(new Set([...forwards].filter((link) => backwards.has(link))));
    expect(links(forward, backward, "union")).toEqual(new Set([...forwards, ...backwards]));
  });

  property.prop([directions])("grow-diag-final leaves no word alone that either direction links", ([forward, backward]) => {
    const final = [...links(forward, backward, "grow-diag-final")];
    forward.forEach((source, target) => {
      if (source >= 0) expect(final.some((link) => link.startsWith(`${source}-`) || link.endsWith(`-${target}`))).toBe(true);
    });
  });

  test("by hand: a diagonal neighbour is grown, a distant link is added only where both words are free", () => {
    const forward = [0, 1, 4]; // 0-0, 1-1, 4-2
    const backward = [0, 0, -1, -1, -1]; // 0-0, 1-0
    expect(links(forward, backward, "intersection")).toEqual(new Set(["0-0"]));
    expect(links(forward, backward, "grow-diag")).toEqual(new Set(["0-0", "1-0", "1-1"]));
    expect(links(forward, backward, "grow-diag-final-and")).toEqual(new Set(["0-0", "1-0", "1-1", "4-2"]));
  });
});
