// Chromium with playwright-core, controlled by lines of JSON: each line is an action, and its response is the loads.
//
//     node chromium.mjs MODULES { "program": "…", "profile": "…", "arguments": […], "environment": {…} }
//
// Each line has one key of `deeds` in `do`. The response contains every load of the action with its source in the
// browser, and the errors.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [modules, options] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const { program, profile, arguments: own, environment } = JSON.parse(options);

const context = await chromium.launchPersistentContext(profile, {
  executablePath: program,
  headless: true,
  args: own,
  env: { ...process.env, ...environment },
  timeout: 60000,
});
const page = context.pages()[0] ?? (await context.newPage());
const devtools = await context.newCDPSession(page);
await devtools.send("Network.enable");

let loads = new Map();
let complaints = [];
const load = id => loads.get(id) ?? loads.set(id, { source: "network" }).get(id);
devtools.on("Network.requestWillBeSent", ({ requestId, request }) => { load(requestId).url = request.url; });
// From the memory of the page.
devtools.on("Network.requestServedFromCache", ({ requestId }) => { load(requestId).source = "memory"; });
devtools.on("Network.responseReceived", ({ requestId, response }) => {
  const one = load(requestId);
  one.protocol = response.protocol;
  if (response.fromDiskCache && one.source === "network") one.source = "disk";
});
devtools.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode }) => {
  // The page sees the 200 of the cache.
  if (statusCode === 304) load(requestId).source = "network (304)";
});
devtools.on("Network.loadingFailed", ({ requestId, errorText }) => { load(requestId).failure = errorText; });
page.on("console", message => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
page.on("pageerror", error => complaints.push(String(error)));

const patience = { waitUntil: "load", timeout: 30000 };
const deeds = {
  open: async ({ url }) => { await page.goto(url, patience); },
  // Like a click. A link to the current URL would be a reload.
  follow: async ({ url }) => {
    await Promise.all([page.waitForURL(url, patience), page.evaluate(to => { location.href = to; }, url)]);
  },
  reload: async () => { await page.reload(patience); },
  "hard reload": async () => {
    const reload = devtools.send("Page.reload", { ignoreCache: true });
    await Promise.all([page.waitForEvent("load", { timeout: 30000 }), reload]);
  },
  back: async () => { await page.goBack(patience); },
  forward: async () => { await page.goForward(patience); },
  text: async () => ({ value: await page.evaluate(() => document.documentElement.innerText) }),
  evaluate: async ({ expression }) => ({ value: await page.evaluate(expression) }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: deed, ...facts } = JSON.parse(line);
  let response;
  try {
    loads = new Map();
    complaints = [];
    const result = await deeds[deed](facts);
    // Fonts and modules are loaded late.
    if (facts.idle) await page.waitForLoadState("networkidle", { timeout: 30000 });
    response = { ...result, loads: [...loads.values()].filter(one => one.url), complaints };
  } catch (error) {
    response = { error: String(error.stack) };
  }
  process.stdout.write(JSON.stringify(response) + "\n");
}
await context.close();
