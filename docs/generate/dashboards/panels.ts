import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
  type DataSourceRef,
} from "@grafana/grafana-foundation-sdk/common";
import {
  PanelBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type Panel as Json,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as Heatmap, YAxisConfigBuilder } from "@grafana/grafana-foundation-sdk/heatmap";
import { PanelBuilder as NodeGraph } from "@grafana/grafana-foundation-sdk/nodegraph";
import { DataqueryBuilder as PromQuery, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as Stat } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as Table } from "@grafana/grafana-foundation-sdk/table";
import { DataqueryBuilder as TempoQuery, SearchTableType } from "@grafana/grafana-foundation-sdk/tempo";
import { PanelBuilder as Text, TextMode } from "@grafana/grafana-foundation-sdk/text";
import { PanelBuilder as TimeSeries } from "@grafana/grafana-foundation-sdk/timeseries";
import { PLAIN, behindLines, type Colours } from "./colours.ts";
import { linkJson, type Link } from "./links.ts";

/** What every panel has. */
export type About = {
  title: string;
  /** What it answers, and what to make of the answer. */
  means: string;
  /** As Grafana calls units: `s`, `percentunit`, `short` for a plain number. */
  unit: string;
  /** Where to go from the panel. */
  links: readonly [Link, ...Link[]];
  /** Where to go from one value in it. */
  valueLinks?: readonly Link[];
  /** Of 24 columns. */
  width?: number;
};

/** The unit of what is counted, in a second. */
export const inASecond = (what: string): string => `suffix: ${what}/s`;

/** One question to Prometheus. */
export type Query = {
  expr: string;
  /** How a series is called, or a column: words, and of a series its labels in double braces. */
  legend: string;
  /** Of its column, where that is not the panel's. */
  unit?: string;
};
type Queries = { queries: readonly [Query, ...Query[]] };
/** Which values are good and which are bad; without it none is. */
type Judged = { colours?: Colours };

/** A panel as it stands in a dashboard, but for its id and its place. */
export type Panel = { build: () => Json };

const PROMETHEUS: DataSourceRef = { type: "prometheus", uid: "prometheus" };
const TEMPO: DataSourceRef = { type: "tempo", uid: "tempo" };
const LEGEND = new VizLegendOptionsBuilder()
  .showLegend(true)
  .displayMode(LegendDisplayMode.List)
  .placement(LegendPlacement.Bottom);
const HEIGHT = 8;
const LOW = 4;

type Builder = TimeSeries | Stat | Table | Heatmap | NodeGraph | Text | PanelBuilder;

function described<B extends Builder>(
  builder: B,
  { title, means, unit, links, valueLinks, width }: About,
): B {
  builder
    .title(title)
    .description(means)
    .unit(unit)
    .links(links.map(linkJson))
    .height(HEIGHT)
    .span(width ?? 12);
  if (valueLinks !== undefined) builder.dataLinks(valueLinks.map(linkJson));
  return builder;
}

function coloured<B extends TimeSeries | Stat | Table>(builder: B, { steps, mapping }: Colours): B {
  builder.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps]));
  if (mapping !== undefined) builder.mappings([mapping]);
  return builder;
}

/** Letters, as Grafana gives them to the queries of a panel. */
const refId = (index: number): string => String.fromCodePoint("A".codePointAt(0)! + index);

function asked({ expr, legend }: Query, index: number): PromQuery {
  return new PromQuery().refId(refId(index)).datasource(PROMETHEUS).expr(expr).legendFormat(legend);
}

/** Lines over time. With exemplars where the metric has them: each is a dot that opens the trace it came from. */
export function overTime(panel: About & Queries & Judged & { exemplars?: true }): Panel {
  const builder = described(new TimeSeries(), panel)
    .datasource(PROMETHEUS)
    .fillOpacity(10)
    .legend(LEGEND)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  panel.queries.forEach((query, index) => {
    builder.withTarget(
      asked(query, index)
        .range()
        .exemplar(panel.exemplars ?? false),
    );
  });
  if (panel.colours === undefined) return builder;
  const style = new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.DashedAndArea);
  return coloured(builder, behindLines(panel.colours)).thresholdsStyle(style);
}

/** One number, or one for each series; where it is judged, on its colour. */
export function number({ colours, ...panel }: About & Queries & Judged): Panel {
  const builder = described(new Stat(), { width: 6, ...panel }).datasource(PROMETHEUS);
  panel.queries.forEach((query, index) => builder.withTarget(asked(query, index).instant()));
  return coloured(builder, colours ?? PLAIN)
    .height(LOW)
    .graphMode(BigValueGraphMode.None)
    .colorMode(colours === undefined ? BigValueColorMode.Value : BigValueColorMode.Background);
}

/** The series as they stand now, one a row: their labels, and a column for each query. One column may be judged. */
export function rows(panel: About & Queries & { judged?: { column: string; colours: Colours } }): Panel {
  const builder = described(new Table(), panel).datasource(PROMETHEUS);
  const columns = panel.queries.map(({ legend }, index) => [
    panel.queries.length === 1 ? "Value" : `Value #${refId(index)}`,
    legend,
  ]);
  panel.queries.forEach((query, index) => {
    builder.withTarget(asked(query, index).instant().format(PromQueryFormat.Table));
    if (query.unit !== undefined) builder.overrideByName(query.legend, [{ id: "unit", value: query.unit }]);
  });
  if (panel.judged !== undefined) {
    const cell = { id: "custom.cellOptions", value: { type: "color-background" } };
    coloured(builder, panel.judged.colours).overrideByName(panel.judged.column, [cell]);
  }
  return builder.withTransformation({ id: "merge", options: {} }).withTransformation({
    id: "organize",
    options: { excludeByName: { Time: true }, renameByName: Object.fromEntries(columns) },
  });
}

/** How the observations of a histogram spread, over time; its dots are exemplars, and open traces. */
export function spread(panel: About & { expr: string }): Panel {
  const query = asked({ expr: panel.expr, legend: "{{le}}" }, 0).range().format(PromQueryFormat.Heatmap);
  return described(new Heatmap(), panel)
    .datasource(PROMETHEUS)
    .yAxis(new YAxisConfigBuilder().unit(panel.unit))
    .withTarget(query.exemplar(true));
}

function search(query: string): TempoQuery {
  return new TempoQuery().refId(refId(0)).datasource(TEMPO).queryType("traceql").query(query).limit(50);
}

/** Traces that a TraceQL query finds, one a row. */
export function traces(panel: About & { query: string }): Panel {
  const query = search(panel.query).tableType(SearchTableType.Traces);
  return described(new Table(), panel).datasource(TEMPO).withTarget(query);
}

/** Spans that a TraceQL query finds, one a row, with the attributes that it selects. */
export function spans(panel: About & { query: string }): Panel {
  const query = search(panel.query).tableType(SearchTableType.Spans).spss(64);
  return described(new Table(), panel).datasource(TEMPO).withTarget(query);
}

/** One trace, span for span. @param trace the variable that holds its id */
export function oneTrace(panel: About & { trace: string }): Panel {
  const builder = described(new PanelBuilder(), panel).type("traces").datasource(TEMPO);
  return builder.height(2 * HEIGHT).withTarget(search(`\${${panel.trace}}`));
}

/** Who sends messages to whom, as the Collector has seen it. */
export function serviceMap(panel: About): Panel {
  const query = new TempoQuery().refId(refId(0)).datasource(TEMPO).queryType("serviceMap");
  return described(new NodeGraph(), panel).datasource(TEMPO).withTarget(query);
}

/** Words, for what Grafana cannot show. @param text Markdown */
export function words(panel: Omit<About, "unit"> & { text: string }): Panel {
  // Nothing in it is measured; every panel has a unit all the same, so that whoever reads the files need not know which have none.
  return described(new Text(), { ...panel, unit: "none" })
    .mode(TextMode.Markdown)
    .content(panel.text);
}
