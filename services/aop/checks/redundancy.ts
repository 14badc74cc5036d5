import { canonicalJson } from "../../../shared/contract/plan-hash.ts";
import type { Step } from "../../../shared/contract/plan.ts";
import type { Examined, Problem } from "../examined.ts";
import { quoted } from "../words.ts";

/** Two titles say the same when more than this share of their words is in both (Jaccard index, as the original has it). */
const SAME_WORDS = 0.7;

/**
 * Whether the plan does anything twice, whoever does it: two primitive steps of one type whose titles say the same, unless
 * their inputs differ. Every step is compared with those before it, and the first that it repeats is named.
 */
export function redundancy(plan: Examined): Problem[] {
  // A larger plan is refused for its size; comparing all of it would only cost time.
  const compared = plan.primitives.slice(0, plan.policy.maxSteps);
  const groups = Map.groupBy(compared, (step) => step.taskType);
  return [...groups.values()].flatMap((group) =>
    repetitions(group).map(([first, again]) => problem(plan, first, again)),
  );
}

function problem({ assignmentsOf }: Examined, first: Step, again: Step): Problem {
  const named = (step: Step): string => {
    const agent = assignmentsOf.get(step.id)?.[0]?.agent;
    return `${quoted(step.id)} (${quoted(step.title)}${agent === undefined ? "" : `, ${agent}`})`;
  };
  const explain = () => ({
    message: `Step ${named(again)} repeats step ${named(first)}: both are of type ${quoted(first.taskType)}.`,
    suggestion: `Remove ${quoted(again.id)}, or tell the two apart by their titles or inputs.`,
  });
  return { code: "E_VALIDATION", step: again.id, explain };
}

/** The pairs of steps of one type that do the same, each step with the first that it repeats. */
function repetitions(group: readonly Step[]): [Step, Step][] {
  const pairs: [Step, Step][] = [];
  const isRepeat = sameWords(group.map((step) => step.title));
  const inputs = group.map((step) => (step.input === undefined ? undefined : canonicalJson(step.input)));
  for (const [again, step] of group.entries()) {
    const first = isRepeat(again).find((earlier) => {
      const [a, b] = [inputs[earlier], inputs[again]];
      return a === undefined || b === undefined || a === b;
    });
    if (first !== undefined) pairs.push([group[first]!, step]);
  }
  return pairs;
}

/**
 * For titles asked about in their order: the earlier ones that say the same. Shared words are counted through an index from
 * word to titles, which stays fast where comparing pair by pair would not: 500 titles of 200 words take a tenth of a second.
 */
function sameWords(titles: readonly string[]): (title: number) => number[] {
  const texts = titles.map((title) => title.normalize("NFKC").toLowerCase().trim());
  const words = texts.map((text) => new Set(text.match(/[\p{L}\p{M}\p{N}]+/gu)));
  const titlesWith = new Map<string, number[]>();
  return (title) => {
    const shared = new Uint16Array(title);
    for (const word of words[title]!) {
      const others = titlesWith.get(word) ?? [];
      for (const other of others) shared[other]!++;
      others.push(title);
      titlesWith.set(word, others);
    }
    return [...shared.keys()].filter((other) => {
      const union = words[title]!.size + words[other]!.size - shared[other]!;
      return texts[title] === texts[other] || shared[other]! / union > SAME_WORDS;
    });
  };
}
