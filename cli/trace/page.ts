import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PageData } from "./page-data.ts";

/** What a page looks like and does: the text of its style sheet and of its script. */
export type PageAssets = { style: string; script: string };

const FOLDER = join(import.meta.dirname, "page");

/** The parts of the script, each after those that it imports from. */
const PARTS = ["dom.js", "axis.js", "head.js", "chart.js", "page.js"];

/** Reads the style sheet and the modules of the script, which become one: a page that is one file has nothing to import from. */
export async function pageAssets(): Promise<PageAssets> {
  const [style, ...parts] = await Promise.all(
    ["page.css", ...PARTS].map((name) => readFile(join(FOLDER, name), "utf8")),
  );
  return { style: style!, script: parts.map(asPart).join("\n") };
}

function asPart(source: string): string {
  return source.replaceAll(/^import [^;]*;\n+/gm, "").replaceAll(/^export (?=function |const )/gm, "");
}

/**
 * One HTML page that needs nothing else. Its policy lets it load nothing from anywhere and run no script but its own, and what
 * it shows is data for that script, never markup: whatever a task or an agent wrote stays text.
 */
export function htmlPage(data: PageData, { style, script }: PageAssets): string {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${sha256(style)}'`,
    `script-src 'sha256-${sha256(script)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(`${data.run.id.slice(0, 8)} ${data.run.goal}`)}</title>
<style>${style}</style>
</head>
<body>
<noscript>This page draws the trace of run ${escaped(data.run.id)} with its own script, which is switched off here.</noscript>
<script type="application/json" id="data">${jsonForScript(data)}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** JSON that cannot end the element it stands in, nor begin a comment there: both need a `<`. */
function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
