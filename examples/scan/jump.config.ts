import { scanRun } from "./network.ts";

/**
 * Training shows "jump" alone and all else in composition; the test composes "jump".
 *
 *     npx decade think data scan:folder=../shared/data/scan,split=addprim_jump --output runs/data/scan-jump.jsonl
 *     npx decade train examples/scan/jump.config.ts
 *     npx decade audit generalization scan runs/scan-jump
 */
export default scanRun("jump");
