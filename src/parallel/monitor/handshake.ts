/**
 * Both ends of a connection prove that they know the job's secret, which never crosses it: each answers the other's random
 * question with an HMAC of it.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Member } from "./diagnosis.ts";

export const question = (): string => randomBytes(32).toString("hex");

/** @param role who answers, so that an answer cannot be sent back to who asked */
export function answer(secret: string, role: "rank 0" | "rank", asked: string): string {
  return createHmac("sha256", secret).update(`${role}\n${asked}`).digest("hex");
}

export function isAnswer(given: string, secret: string, role: "rank 0" | "rank", asked: string): boolean {
  const [one, two] = [Buffer.from(given), Buffer.from(answer(secret, role, asked))];
  return one.length === two.length && timingSafeEqual(one, two);
}

/** Rank 0 asks first. */
export const greetingSchema = z.object({ question: z.string() });

export const introductionSchema = z.object({
  answer: z.string(), question: z.string(), rank: z.number().int().positive(), host: z.string(), pid: z.number().int(),
});
export type Introduction = z.infer<typeof introductionSchema> & Member;

export const welcomeSchema = z.object({ answer: z.string(), host: z.string(), pid: z.number().int() });
