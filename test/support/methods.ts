import { methodsFile, type Method } from "../../shared/domain/methods.ts";

/** A subtask as it would stand in a file; give what else matters. */
export const sub = (id: string, task = "work", more: object = {}) => ({
  id,
  task,
  title: `Do ${id}`,
  ...more,
});

/** Methods as they would stand in a file; for a goal, unless they say otherwise. */
export function methodsOf(...entries: object[]): Method[] {
  return methodsFile.parse({ methods: entries.map((entry) => ({ version: 1, task: "goal", ...entry })) })
    .methods;
}
