import { DASHBOARD_DOCUMENTS } from "../../docs/generate/dashboards/documents.ts";

// The dashboards as they are made, in pieces, for those who hold the pieces against something.
/** A link of a panel, or of a value in it. */
export type Link = { title: string; url: string };
/** A question of a panel. */
export type Target = {
  refId: string;
  datasource: { uid: string };
  expr?: string;
  legendFormat?: string;
  query?: string;
  queryType?: string;
};
/** From which value on what has which colour; null: from the lowest on. */
export type Step = { value: number | null; color: string };
/** A panel, as far as the tests look at it. */
export type Panel = {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  links?: Link[];
  targets?: Target[];
  options?: { content?: string };
  fieldConfig?: {
    defaults: { unit?: string; links?: Link[]; thresholds?: { steps: Step[] } };
    overrides?: { matcher: { options?: unknown } }[];
  };
};
/** A dashboard, as far as the tests look at it. */
export type Dashboard = {
  uid: string;
  title: string;
  editable: boolean;
  panels: Panel[];
  templating: { list?: { name: string; query: string | { query: string } }[] };
};

/** The files, with what is in them. */
export const FILES = Object.entries(DASHBOARD_DOCUMENTS).map(([path, make]) => {
  return { path, text: make(), dashboard: JSON.parse(make()) as Dashboard };
});
const ALL = FILES.flatMap(({ dashboard }) =>
  dashboard.panels.map((panel) => ({ where: `${dashboard.uid}: ${panel.title}`, dashboard, panel })),
);
/** Every panel that is no title of a row. `where` is `DASHBOARD: TITLE`. */
export const PANELS = ALL.filter(({ panel }) => panel.type !== "row");
/** Every question of every panel. */
export const TARGETS = PANELS.flatMap(({ where, dashboard, panel }) =>
  (panel.targets ?? []).map((target) => ({ dashboard: dashboard.uid, where, target })),
);
/** Every link of every panel and of every value. */
export const LINKS = PANELS.flatMap(({ where, panel }) =>
  [...(panel.links ?? []), ...(panel.fieldConfig?.defaults.links ?? [])].map((link) => ({ where, link })),
);
