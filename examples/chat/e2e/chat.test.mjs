// The chat in a real browser, by both of its interfaces. CHAT is the program, CHROMIUM the browser, and SCREENSHOTS where
// pictures go.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const { CHAT = "../../../target/debug/chat", CHROMIUM = "/usr/bin/chromium", SCREENSHOTS = "screenshots" } = process.env;
const PATIENCE = 20_000;

let browser;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--enable-features=WebSocketStream",
    ],
  });
});

after(() => browser?.close());

// Starts the server; `address` is where it listens, `end(signal)` ends it and gives its exit status.
async function serve(address = "127.0.0.1:0", ...more) {
  const child = spawn(CHAT, ["--addr", address, "--grace", "2", ...more], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const line = await new Promise((resolve, reject) => {
    child.stdout.once("data", (data) => resolve(String(data)));
    child.once("error", reject);
    exited.then((status) => reject(new Error(`the server has ended with ${status}`)));
  });
  const url = line.match(/https?:\S+/)[0];
  return { url, address: new URL(url).host, end: (signal = "SIGINT") => (child.kill(signal), exited) };
}

// A person with a window of their own.
class Person {
  static async join(url, name, { stream = false, room = "lobby" } = {}) {
    const person = new Person();
    const context = await browser.newContext({ viewport: { width: 900, height: 600 }, ignoreHTTPSErrors: true });
    person.page = await context.newPage();
    person.page.setDefaultTimeout(PATIENCE);
    person.errors = [];
    person.page.on("pageerror", (error) => person.errors.push(error));
    await person.page.goto(url);
    if (stream) {
      await person.page.getByLabel("WebSocketStream").check();
    }
    await person.page.getByLabel("Name").fill(name);
    await person.page.getByLabel("Room").fill(room);
    await person.page.getByRole("button", { name: "Log in" }).click();
    await person.sees(`connected by ${stream ? "WebSocketStream" : "WebSocket"}`, "#state");
    return person;
  }

  async say(text) {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.page.getByRole("button", { name: "Send" }).click();
  }

  sees(text, where = "#messages") {
    return this.page.locator(where).filter({ hasText: text }).first().waitFor();
  }

  users() {
    return this.page.locator("#userlist li").allTextContents();
  }

  async seesUsers(...names) {
    await this.page.waitForFunction(
      (names) => JSON.stringify([...document.querySelectorAll("#userlist li")].map((li) => li.textContent)) === names,
      JSON.stringify(names),
    );
  }

  picture(name) {
    return this.page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
  }

  async leave() {
    assert.deepEqual(this.errors, []);
    await this.page.context().close();
  }
}

for (const stream of [false, true]) {
  const kind = stream ? "WebSocketStream" : "WebSocket";

  test(`two people talk by ${kind}`, async () => {
    const server = await serve();
    const ada = await Person.join(server.url, "Ada", { stream });
    const bob = await Person.join(server.url, "ada", { stream });
    await bob.sees("Your name is ada1: the one you chose is in use.");
    await ada.seesUsers("Ada", "ada1");
    await bob.seesUsers("Ada", "ada1");

    await ada.say("Grüße, 世界 👋🏽 <b>bold?</b> <img src=x onerror=alert(1)>");
    for (const person of [ada, bob]) {
      await person.sees("Grüße, 世界 👋🏽 <b>bold?</b> <img src=x onerror=alert(1)>");
      assert.equal(await person.page.locator("#messages b, #messages img").count(), 0, "text is text");
    }
    await bob.say("I see it as you wrote it.");
    await ada.sees("I see it as you wrote it.");

    const eve = await Person.join(server.url, "Eve", { stream, room: "elsewhere" });
    await eve.seesUsers("Eve");
    await eve.say("Is there anybody?");
    await eve.sees("Is there anybody?");
    assert.equal(await ada.page.getByText("Is there anybody?").count(), 0);

    await ada.picture(`talk-${kind}`);
    await bob.leave();
    await ada.seesUsers("Ada");
    await ada.leave();
    await eve.leave();
    assert.equal(await server.end(), 0);
  });

  test(`the server restarts under ${kind}`, async () => {
    const server = await serve();
    const ada = await Person.join(server.url, "Ada", { stream });
    const bob = await Person.join(server.url, "Bob", { stream });
    await ada.seesUsers("Ada", "Bob");
    assert.equal(await server.end(), 0);
    await ada.sees("closed with 100", "#state"); // 1001, and 1006 for each attempt that fails
    await ada.picture(`closed-${kind}`);

    const again = await serve(server.address);
    await ada.seesUsers("Ada", "Bob");
    await bob.say("Back again");
    await ada.sees("Back again");
    await ada.leave();
    await bob.leave();
    await again.end();
  });
}

test("the server says why it closes", async () => {
  const server = await serve();
  const ada = await Person.join(server.url, "Ada");
  await ada.page.evaluate(() => {
    window.seen = new Promise((resolve) => {
      new MutationObserver(() => {
        const text = document.querySelector("#state").textContent;
        if (text.startsWith("closed")) resolve(text);
      }).observe(document.querySelector("#state"), { childList: true });
    });
  });
  const seen = ada.page.evaluate(() => window.seen);
  await server.end();
  assert.match(await seen, /^closed with 1001/);
  await ada.leave();
});

test("one switches between the interfaces", async () => {
  const server = await serve();
  const ada = await Person.join(server.url, "Ada");
  await ada.page.getByLabel("WebSocketStream").check();
  await ada.sees("connected by WebSocketStream", "#state");
  await ada.say("by stream");
  await ada.sees("by stream");
  await ada.page.getByLabel("WebSocketStream").uncheck();
  await ada.sees("connected by WebSocket", "#state");
  await ada.say("by socket");
  await ada.sees("by socket");
  await ada.leave();
  await server.end();
});

test("over TLS", async () => {
  const server = await serve("127.0.0.1:0", "--tls");
  assert.match(server.url, /^https:/);
  const ada = await Person.join(server.url, "Ada");
  await ada.say("hidden from others");
  await ada.sees("hidden from others");
  await ada.leave();
  await server.end();
});
