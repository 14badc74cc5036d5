/** What a task type usually delivers: the name of the document and the points that it makes. Used by simulated agents only. */
export type Deliverable = { name: string; points: readonly string[] };

const of = (name: string, ...points: string[]): Deliverable => ({ name, points });

const BY_TASK_TYPE: Readonly<Record<string, Deliverable>> = {
  design: of(
    "Design",
    "who uses it and for what",
    "the main parts and how they meet",
    "what is left out on purpose",
  ),
  requirements: of("Requirements", "must have", "should have", "how each one is checked"),
  planning: of("Plan", "phases in order", "what each phase hands over", "what could delay it"),
  architecture: of("Architecture", "components and their duties", "data flow", "decisions and their price"),
  system_design: of("System design", "load and limits", "storage and interfaces", "failure and recovery"),
  technical_spec: of("Technical specification", "interfaces", "data formats", "acceptance tests"),
  implement: of("Implementation notes", "modules written", "interfaces kept", "what to review first"),
  code: of("Code notes", "what was changed", "why it is safe", "how to try it"),
  build: of("Build notes", "inputs", "steps", "artefacts"),
  develop: of("Development notes", "what was built", "open questions", "how to run it"),
  generic: of("Result", "what was asked", "what was done", "what follows"),
  api_call: of("Call record", "the request", "the expected answer", "what to do on an error"),
  file_write: of("File draft", "purpose", "contents", "where it belongs"),
  frontend: of("Frontend notes", "screens", "states and errors", "accessibility"),
  ui: of("Interface notes", "layout", "interaction", "wording"),
  design_implementation: of(
    "Interface from the design",
    "components",
    "deviations from the design",
    "open points",
  ),
  backend: of("Backend notes", "endpoints", "data model", "limits and errors"),
  api: of("API description", "resources", "requests and answers", "versioning"),
  database: of("Database notes", "tables and keys", "migrations", "backup"),
  test: of("Test report", "what is covered", "what is not", "how to repeat it"),
  validation: of("Validation report", "criteria", "findings", "verdict and its limits"),
  qa: of("Quality report", "checks made", "findings", "advice"),
  quality_assurance: of("Quality report", "checks made", "findings", "advice"),
  test_run: of("Test run record", "what would be run", "expected results", "how to read a failure"),
  security: of("Security review", "assets and threats", "controls", "open risks"),
  vulnerability_scan: of("Scan plan", "scope", "method", "how findings are graded"),
  penetration_test: of("Penetration test plan", "scope and rules", "paths to try", "how to report"),
  deploy: of("Release plan", "order of the steps", "how to go back", "how to know that it works"),
  infrastructure: of("Infrastructure notes", "what is needed", "sizes and limits", "access"),
  devops: of("Pipeline notes", "stages", "gates", "secrets"),
  monitor: of("Monitoring plan", "signals", "thresholds", "who is told"),
  observability: of("Observability plan", "traces, metrics, logs", "questions they answer", "cost"),
  metrics: of("Metrics plan", "names and units", "labels and their bounds", "dashboards"),
  marketing: of("Marketing plan", "audience", "message", "channels and timing"),
  promotion: of("Promotion plan", "offer", "channels", "how success is measured"),
  content: of("Content draft", "headline", "body", "call to action"),
  sales: of("Sales plan", "target customers", "offer", "objections and answers"),
  outreach: of("Outreach draft", "whom to write to", "the message", "the follow-up"),
  lead_generation: of("Lead plan", "sources", "how leads are qualified", "hand-over"),
  support: of("Support notes", "likely questions", "answers", "when to escalate"),
  customer_service: of("Service notes", "promises", "scripts", "escalation"),
  help: of("Help text", "first steps", "common problems", "where to ask"),
  analytics: of("Analysis plan", "questions", "data needed", "how to present it"),
  reporting: of("Report outline", "audience", "figures to collect", "layout"),
  data_analysis: of("Analysis outline", "data and its quality", "method", "how to read the result"),
  research: of("Research notes", "question", "sources to read", "what is still unknown"),
  discovery: of("Discovery notes", "whom to ask", "what to ask", "what to decide afterwards"),
  investigation: of("Investigation notes", "what happened", "what to look at", "hypotheses"),
  finance: of("Finance notes", "income and cost items", "assumptions to check", "decisions needed"),
  accounting: of("Accounting notes", "entries to make", "documents needed", "deadlines"),
  budgeting: of("Budget outline", "cost items", "assumptions to check", "reserves"),
  evolution: of("Improvement plan", "what to improve", "how to measure it", "how to go back"),
  improve_agent: of("Agent improvement plan", "weakness", "change", "benchmark"),
  fix_bug: of("Repair plan", "how it shows", "likely cause", "the test that proves it"),
  optimize: of("Optimisation plan", "what to measure first", "candidates", "when to stop"),
};

/** What a task type delivers; for types that the table does not know, what a generic task does. */
export function deliverableOf(taskType: string): Deliverable {
  const known = Object.hasOwn(BY_TASK_TYPE, taskType) ? BY_TASK_TYPE[taskType] : undefined;
  return known ?? BY_TASK_TYPE["generic"]!;
}
