import fc from "fast-check";

/**
 * Property-based tests draw the same examples each time, so that a commit's tests either pass or fail. `PROPERTY_SEED=N`
 * draws others; a failing property prints its seed.
 */
fc.configureGlobal({ seed: Number(process.env["PROPERTY_SEED"] ?? 1) });
