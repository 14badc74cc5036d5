import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { hasProgram } from "./programs.ts";

/** A page in a browser: what a person could do with it, and what it did behind their back. */
export type BrowserPage = {
  /** The value of an expression, as JSON takes it. @throws when it throws */
  evaluate: <T>(expression: string) => Promise<T>;
  /** Presses and releases a key, by its name in `KeyboardEvent.key`. */
  press: (key: string) => Promise<void>;
  /** Clicks in the middle of an element. */
  click: (selector: string) => Promise<void>;
  prefer: (scheme: "light" | "dark") => Promise<void>;
  screenshot: () => Promise<Buffer>;
  /** Every address that was asked for. */
  requests: readonly string[];
  /** Errors of its script, and what its policy refused. */
  problems: readonly string[];
};

export type Browser = { open: (url: string) => Promise<BrowserPage>; close: () => Promise<void> };

/** The browser's programme here, or undefined. */
export function findChromium(): string | undefined {
  return ["chromium", "chromium-browser", "google-chrome"].find(hasProgram);
}

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--window-size=1440,900",
  "--remote-debugging-pipe",
];

/** Starts a headless Chromium with a profile of its own, and speaks its DevTools protocol over a pipe. */
export async function startChromium(program: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "genesis-chromium-"));
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const protocol = protocolOver(child);
  return {
    open: (url) => openPage(protocol, url),
    close: async () => {
      const gone = once(child, "exit");
      await protocol.send("Browser.close");
      await gone;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type Message = {
  id?: number;
  method?: string;
  sessionId?: string;
  params: Record<string, unknown>;
  result?: unknown;
  error?: { message: string };
};

type Protocol = {
  send: <T>(method: string, params?: object, sessionId?: string) => Promise<T>;
  onEvent: (listener: (event: Message) => void) => void;
};

/** Messages are JSON, each ended by a zero byte, on the file descriptors 3 (to the browser) and 4 (from it). */
function protocolOver(child: ChildProcess): Protocol {
  const [, , , toBrowser, fromBrowser] = child.stdio as unknown as [null, null, null, Writable, Readable];
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const listeners: ((event: Message) => void)[] = [];
  let rest = "";
  fromBrowser.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\0");
    rest = parts.pop()!;
    for (const part of parts) take(JSON.parse(part) as Message);
  });
  child.once("exit", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the browser ended with ${code}`));
  });

  function take(message: Message): void {
    if (message.id === undefined) return listeners.forEach((listener) => listener(message));
    const { resolve, reject } = waiting.get(message.id)!;
    waiting.delete(message.id);
    if (message.error) reject(new Error(message.error.message));
    else resolve(message.result as never);
  }

  let lastId = 0;
  return {
    send: (method, params = {}, sessionId = undefined) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        toBrowser.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      }),
    onEvent: (listener) => void listeners.push(listener),
  };
}

async function openPage({ send, onEvent }: Protocol, url: string): Promise<BrowserPage> {
  const { targetId } = await send<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send<{ sessionId: string }>("Target.attachToTarget", {
    targetId,
    flatten: true,
  });
  const here = <T>(method: string, params?: object): Promise<T> => send<T>(method, params, sessionId);
  const requests: string[] = [];
  const problems: string[] = [];
  const loaded = Promise.withResolvers<void>();
  onEvent(({ method, params, ...event }) => {
    if (event.sessionId !== sessionId) return;
    if (method === "Page.loadEventFired") loaded.resolve();
    if (method === "Network.requestWillBeSent") requests.push((params["request"] as { url: string }).url);
    if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded")
      problems.push(JSON.stringify(params));
  });
  for (const domain of ["Page", "Network", "Runtime", "Log"]) await here(`${domain}.enable`);
  await here("Page.navigate", { url });
  await loaded.promise;

  const evaluate = async <T>(expression: string): Promise<T> => {
    const params = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await here<{ result: { value: T }; exceptionDetails?: object }>(
      "Runtime.evaluate",
      params,
    );
    assert.equal(exceptionDetails, undefined, `${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  };
  return {
    evaluate,
    press: async (key) => {
      await here("Input.dispatchKeyEvent", { type: "keyDown", key });
      await here("Input.dispatchKeyEvent", { type: "keyUp", key });
    },
    click: async (selector) => {
      const at = { ...(await evaluate<object>(middleOf(selector))), button: "left", clickCount: 1 };
      await here("Input.dispatchMouseEvent", { type: "mousePressed", ...at });
      await here("Input.dispatchMouseEvent", { type: "mouseReleased", ...at });
    },
    prefer: async (value) => {
      await here("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
    },
    screenshot: async () => {
      const { data } = await here<{ data: string }>("Page.captureScreenshot", { format: "png" });
      return Buffer.from(data, "base64");
    },
    requests,
    problems,
  };
}

/** An expression for the middle of an element, which it brings into sight. */
function middleOf(selector: string): string {
  return `(() => {
    const element = document.querySelector(${JSON.stringify(selector)});
    element.scrollIntoView({ block: "nearest" });
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  })()`;
}
