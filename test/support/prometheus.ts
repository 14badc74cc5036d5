import assert from "node:assert/strict";

/** One answer of an instant query: its labels and its value. */
export type Series = { labels: Record<string, string>; value: number };

/** An exemplar as Prometheus keeps it, with the labels of its series. */
export type StoredExemplar = {
  series: Record<string, string>;
  labels: Record<string, string>;
  value: number;
};

/** A rule as Prometheus says that it fares. */
export type RuleState = {
  name: string;
  type: "alerting" | "recording";
  query: string;
  health: string;
  lastError?: string;
  /** RFC 3339. */
  lastEvaluation: string;
};

type Answer = { status: string; error?: string; data: unknown };

/** Asks a Prometheus by its HTTP API. @throws AssertionError when it refuses the question */
export function prometheusAt(url: string) {
  const ask = async (path: string, parameters: Record<string, string> = {}): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as Answer;
    assert.equal(answer.status, "success", `${path}: ${answer.error}`);
    return answer.data;
  };
  return {
    query: async (query: string): Promise<Series[]> => {
      const { result } = (await ask("query", { query })) as {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    /** Every value of one series that was stored in the last ten minutes, in order. */
    stored: async (series: string): Promise<number[]> => {
      const { result } = (await ask("query", { query: `${series}[10m]` })) as {
        result: { values: [number, string][] }[];
      };
      assert.ok(result.length <= 1, `${series}: ${result.length} series`);
      return (result[0]?.values ?? []).map(([, value]) => Number(value));
    },
    exemplars: async (query: string): Promise<StoredExemplar[]> => {
      const end = Date.now() / 1000 + 60;
      const found = (await ask("query_exemplars", {
        query,
        start: String(end - 3600),
        end: String(end),
      })) as {
        seriesLabels: Record<string, string>;
        exemplars: { labels: Record<string, string>; value: string }[];
      }[];
      return found.flatMap(({ seriesLabels, exemplars }) =>
        exemplars.map(({ labels, value }) => ({ series: seriesLabels, labels, value: Number(value) })),
      );
    },
    rules: async (): Promise<RuleState[]> => {
      const { groups } = (await ask("rules")) as { groups: { rules: RuleState[] }[] };
      return groups.flatMap(({ rules }) => rules);
    },
    metricNames: async (): Promise<string[]> => (await ask("label/__name__/values")) as string[],
  };
}
