import { posix } from "node:path";

const BY_EXTENSION: Record<string, string> = {
  astro: "Astro",
  bash: "Shell",
  bat: "Batch",
  c: "C",
  cc: "C++",
  cjs: "JavaScript",
  clj: "Clojure",
  cpp: "C++",
  cs: "C#",
  css: "CSS",
  csv: "CSV",
  cts: "TypeScript",
  cxx: "C++",
  dart: "Dart",
  ex: "Elixir",
  exs: "Elixir",
  go: "Go",
  gradle: "Gradle",
  graphql: "GraphQL",
  h: "C",
  hcl: "HCL",
  hpp: "C++",
  hs: "Haskell",
  html: "HTML",
  ini: "INI",
  ipynb: "Jupyter notebook",
  java: "Java",
  js: "JavaScript",
  json: "JSON",
  jsonl: "JSON",
  jsx: "JavaScript",
  kt: "Kotlin",
  kts: "Kotlin",
  less: "Less",
  lua: "Lua",
  md: "Markdown",
  mjs: "JavaScript",
  mts: "TypeScript",
  php: "PHP",
  pl: "Perl",
  proto: "Protocol Buffers",
  ps1: "PowerShell",
  py: "Python",
  pyi: "Python",
  r: "R",
  rb: "Ruby",
  rs: "Rust",
  rst: "reStructuredText",
  scala: "Scala",
  scss: "SCSS",
  sh: "Shell",
  sql: "SQL",
  svelte: "Svelte",
  svg: "SVG",
  swift: "Swift",
  tf: "HCL",
  toml: "TOML",
  ts: "TypeScript",
  tsx: "TypeScript",
  txt: "Text",
  vue: "Vue",
  xml: "XML",
  yaml: "YAML",
  yml: "YAML",
  zig: "Zig",
  zsh: "Shell",
};

const BY_NAME: Record<string, string> = {
  cmakelists: "CMake",
  containerfile: "Dockerfile",
  dockerfile: "Dockerfile",
  jenkinsfile: "Groovy",
  makefile: "Makefile",
};

/** The language of a file, from its extension or name; `Other` when neither says. */
export function languageOf(path: string): string {
  const { name, ext } = posix.parse(path.toLowerCase());
  return lookUp(BY_EXTENSION, ext.slice(1)) ?? lookUp(BY_NAME, name) ?? "Other";
}

function lookUp(table: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
