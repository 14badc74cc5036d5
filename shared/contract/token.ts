import { z } from "zod";

/** One token of a subject: run, step, agent, update, signal, task type, rule id. */
export const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

export const token = z.string().regex(TOKEN);

const PROTOTYPE_NAMES = ["__proto__", "constructor", "prototype"];

/** Whether a name may be the key of an object: none that reaches for its prototype. */
export function isKey(name: string): boolean {
  return !PROTOTYPE_NAMES.includes(name);
}

const NOT_A_KEY = `not ${PROTOTYPE_NAMES.join(", ")}`;

/** A step's id: a token that may also be a key, because results stand under the ids of their steps. */
export const stepId = token.refine(isKey, NOT_A_KEY).describe(NOT_A_KEY);
