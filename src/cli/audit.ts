import type { Command } from "commander";
import { addAuditCanaries } from "./audit-canaries.ts";
import { addAuditContamination } from "./audit-contamination.ts";
import { addAuditGeneralization } from "./audit-generalization.ts";
import { addAuditMemorization } from "./audit-memorization.ts";
import { addAuditReport } from "./audit-report.ts";
import type { Io } from "./io.ts";

/** `decade audit`: whether a test or a text was seen before, each command in a file of its own. */
export function addAudit(program: Command, io: Io): void {
  const audit = program.command("audit").description("seen before, or understood? contamination of tests and memorisation of training text");
  for (const add of [addAuditContamination, addAuditCanaries, addAuditMemorization, addAuditGeneralization, addAuditReport]) add(audit, io);
}
