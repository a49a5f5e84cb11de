/**
 * Both ends of a connection prove that they know the job's secret, which never crosses it: each answers the other's random
 * question with an HMAC of it.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";

type Role = "watcher" | "rank";

export const question = (): string => randomBytes(32).toString("hex");

/** @param role who answers, so that an answer cannot be sent back to who asked */
export function answer(secret: string, role: Role, asked: string): string {
  return createHmac("sha256", secret).update(`${role}\n${asked}`).digest("hex");
}

export function isAnswer(given: string, secret: string, role: Role, asked: string): boolean {
  const [one, two] = [Buffer.from(given), Buffer.from(answer(secret, role, asked))];
  return one.length === two.length && timingSafeEqual(one, two);
}

/** The watcher asks first. */
export const greetingSchema = z.object({ question: z.string() });

export const introductionSchema = z.object({
  answer: z.string(), question: z.string(), rank: z.number().int().nonnegative(), host: z.string(), pid: z.number().int(),
});

export const welcomeSchema = z.object({ answer: z.string(), host: z.string(), pid: z.number().int() });
