import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { findChromium, startChromium, type Browser, type BrowserPage } from "../../test/support/chromium.ts";
import { eventually } from "../../test/support/eventually.ts";
import { genesis } from "../../test/support/genesis.ts";
import { startInstance, type Instance } from "../../test/support/instance.ts";
import { notRun } from "../../test/support/not-run.ts";

const GOAL = `<img src=x onerror="document.title='pwned'"></script> & 'all that'`;

let instance: Instance;
let browser: Browser | undefined;
before(async () => {
  const chromium = findChromium();
  if (chromium === undefined) return;
  instance = await startInstance();
  browser = await startChromium(chromium);
});
after(async () => {
  await browser?.close();
  await instance?.stop();
});

/** Runs a task to its end and writes its page, once everything that it did is in the files. @returns the page's address */
async function pageOf(type: string): Promise<string> {
  const where = ["--dir", instance.dir, "--nats", instance.url, "--json"];
  const submitted = await genesis(["submit", "--goal", GOAL, "--type", type, "--wait", ...where]);
  const { run } = JSON.parse(submitted.stdout) as { run: string };
  await eventually(async () => {
    const { stdout } = await genesis(["trace", run, ...where]);
    const { spans } = JSON.parse(stdout || '{"spans":[]}') as { spans: { name: string }[] };
    return ["publish genesis.v1.run.finished", "invoke_workflow genesis"].every((name) =>
      spans.some((span) => span.name === name),
    );
  });
  const file = join(instance.dir, `${type}.html`);
  const written = await genesis(["trace", run, "--html", file, ...where]);
  assert.deepEqual([written.status, written.stderr], [0, ""]);
  assert.equal((JSON.parse(written.stdout) as { html: string }).html, file);
  return pathToFileURL(file).href;
}

async function open(t: TestContext, url: string): Promise<BrowserPage> {
  const page = await browser!.open(url);
  t.after(() => {
    assert.deepEqual(page.problems, [], "no error, and nothing that its policy had to refuse");
    assert.deepEqual(page.requests, [url], "it asked for nothing but itself");
  });
  return page;
}

const textOf = (selector: string): string => `document.querySelector(${JSON.stringify(selector)}).innerText`;
/** The place of the first row whose label fits, for `:nth-child`. */
const rowWith = (label: RegExp): string =>
  `[...document.querySelectorAll(".row")].findIndex((row) => ${label}.test(row.ariaLabel)) + 1`;

test("the page of a run shows its trace, a decision, its links and its log lines, with the mouse and with keys", async (t) => {
  if (browser === undefined) return notRun(t, "chromium is not installed");
  const url = await pageOf("flow_fan");
  const page = await open(t, url);
  assert.equal(await page.evaluate("document.querySelector('h1').textContent"), GOAL);
  assert.equal(await page.evaluate("document.images.length"), 0);
  assert.match(
    await page.evaluate<string>(textOf("header")),
    /completed[\s\S]*11 completed[\s\S]*\d\.\d\d passed/,
  );
  assert.equal(await page.evaluate("document.querySelectorAll('nav button').length"), 11);
  assert.match(await page.evaluate<string>(textOf("aside")), /^Run\n/);

  const joining = await page.evaluate<number>(rowWith(/^step\.dispatched.* step join/));
  await page.click(`.row:nth-child(${joining})`);
  const panel = await page.evaluate<string>(textOf("aside"));
  assert.match(
    panel,
    /Linked to \(9\)[\s\S]*publish genesis\.v1\.step\.dispatched[\s\S]*process genesis\.v1\.step\.dispatched/,
  );
  assert.match(
    panel,
    /Decision\n+Goes to flow_worker, by rule flow\.[\s\S]*What matched[\s\S]*Candidates[\s\S]*✔\tflow_worker\t[\d.]+\tchosen/,
  );
  assert.equal(await page.evaluate("document.querySelectorAll('svg path').length"), 9);
  assert.match(await page.evaluate<string>("location.hash"), /^#span=[0-9a-f]{16}$/);

  await page.press("ArrowUp");
  assert.equal(
    await page.evaluate(
      `[...document.querySelectorAll(".row")].indexOf(document.activeElement) + 1 < ${joining}`,
    ),
    true,
  );
  assert.equal(await page.evaluate("document.activeElement.getAttribute('aria-selected')"), "true");
  await page.click("nav button[data-step=join]");
  assert.match(await page.evaluate<string>(textOf("aside")), /^Step join: completed\n/);
  assert.equal(await page.evaluate("location.hash"), "#step=join");
  await page.press("Escape");
  assert.match(await page.evaluate<string>(textOf("aside")), /^Run\n/);
});

test("an address leads to its span, whatever hides it; long traces can be zoomed; both colour schemes are there", async (t) => {
  if (browser === undefined) return notRun(t, "chromium is not installed");
  const url = await pageOf("flow_retry");
  const first = await open(t, url);
  const attempt = await first.evaluate<number>(
    `[...document.querySelectorAll(".row")].findIndex((row) => row.innerText.includes("≡")) + 1`,
  );
  await first.click(`.row:nth-child(${attempt})`);
  assert.match(
    await first.evaluate<string>(textOf("aside")),
    /Log lines \(\d+\)\n+.* warn the step failed .*event=step_failed/,
  );
  const inside = await first.evaluate<string>(
    "JSON.parse(document.getElementById('data').textContent).rows.find((row) => row.name.startsWith('aop.check')).spans[0]",
  );

  const address = `${url}#span=${inside}`;
  const second = await browser.open(address);
  assert.match(await second.evaluate<string>(textOf("[aria-selected=true]")), /^aop\.check/);
  const width = (): Promise<number> => second.evaluate("document.querySelector('.track').offsetWidth");
  // The browser may not have laid it out yet.
  await eventually(async () => (await width()) > 0);
  const fit = await width();
  await second.press("+");
  assert.equal(Math.round(((await width()) / fit) * 10), 20);
  await second.press("0");
  assert.equal(await width(), fit);
  await second.press("i");
  assert.equal(await second.evaluate("document.querySelector('[aria-selected=true]').offsetParent"), null);
  await second.evaluate(`location.hash = "#"`);
  await second.evaluate(
    `new Promise((done) => { addEventListener("hashchange", () => setTimeout(done)); location.hash = "#span=${inside}"; })`,
  );
  assert.equal(
    await second.evaluate("document.querySelector('[aria-selected=true]').offsetParent !== null"),
    true,
  );

  const ground = async (scheme: "light" | "dark"): Promise<string> => {
    await second.prefer(scheme);
    return second.evaluate("getComputedStyle(document.body).backgroundColor");
  };
  assert.deepEqual([await ground("light"), await ground("dark")], ["rgb(255, 255, 255)", "rgb(21, 24, 29)"]);
  assert.deepEqual(second.problems, []);
});
