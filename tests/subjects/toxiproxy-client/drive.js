// Drives a control API of toxiproxy's with toxiproxy-node-client, through every call that it has.
//
//   node drive.js http://127.0.0.1:8474 ECHO_PORT
//
// ECHO_PORT: a server that gives back what it gets. Ends with 0 and prints "ok N" where all N checks held.
"use strict";
const net = require("node:net");
const assert = require("node:assert");
const { Toxiproxy } = require("toxiproxy-node-client");

const [api, echoPort] = [process.argv[2], Number(process.argv[3])];
const upstream = `127.0.0.1:${echoPort}`;
let checks = 0;
function check(condition, what) {
  assert.ok(condition, what);
  checks += 1;
}

const portOf = (proxy) => Number(proxy.listen.split(":").pop());

// What comes back for `bytes`, how long that took, and how it ended where less came.
function ask(port, bytes, within = 5000) {
  return new Promise((resolve) => {
    const begun = process.hrtime.bigint();
    let got = "";
    const socket = net.connect(port, "127.0.0.1", () => socket.write(bytes));
    const end = (how) => {
      socket.destroy();
      resolve({ got, how, ms: Number(process.hrtime.bigint() - begun) / 1e6 });
    };
    socket.setTimeout(within, () => end("timeout"));
    socket.on("data", (data) => {
      got += data;
      if (got.length >= bytes.length) end("whole");
    });
    socket.on("end", () => end("end"));
    socket.on("error", (error) => end(error.code));
  });
}

async function fails(promise, status) {
  const error = await promise.then(
    () => assert.fail(`no error, ${status} is wanted`),
    (caught) => caught,
  );
  check(error.message.endsWith(String(status)), `${status}: ${error.message}`);
}

async function proxies(toxiproxy) {
  check(/"version"/.test(await toxiproxy.getVersion()), "version");
  const proxy = await toxiproxy.createProxy({ name: "one", listen: "127.0.0.1:0", upstream });
  check(proxy.enabled && portOf(proxy) > 0, "created, with its port");
  await fails(toxiproxy.createProxy({ name: "one", listen: "127.0.0.1:0", upstream }), 409);
  await fails(toxiproxy.createProxy({ name: "two", listen: "127.0.0.1:0" }), 400);
  await fails(toxiproxy.createProxy({ name: "two", listen: proxy.listen, upstream }), 500);
  await fails(toxiproxy.get("none"), 404);
  check((await toxiproxy.get("one")).upstream === upstream, "get");
  check((await ask(portOf(proxy), "hello")).got === "hello", "relays");
  const down = await proxy.update({ enabled: false, listen: proxy.listen, upstream });
  check(!down.enabled && portOf(down) === portOf(proxy), "disabled, with its port");
  check((await ask(portOf(proxy), "hello")).how === "ECONNREFUSED", "down");
  const up = await proxy.update({ enabled: true, listen: proxy.listen, upstream });
  check(up.enabled && (await ask(portOf(up), "hello")).got === "hello", "up again");
  return up;
}

async function populates(toxiproxy, one) {
  const body = [
    { name: "one", listen: one.listen, upstream },
    { name: "two", listen: "127.0.0.1:0", upstream },
  ];
  const made = await toxiproxy.populate(body);
  check(Object.keys(made).sort().join() === "one,two", "populated");
  check(Object.keys(await toxiproxy.populate([])).length === 0, "an empty list");
  await fails(toxiproxy.populate([{ name: "three" }]), 400);
  check(Object.keys(await toxiproxy.getAll()).length === 2, "all");
  await made.two.remove();
  await fails(made.two.remove(), 404);
}

async function toxics(toxiproxy, proxy) {
  const port = portOf(proxy);
  const toxic = await proxy.addToxic({ name: "slow", type: "latency", attributes: { latency: 60, jitter: 0 } });
  check(toxic.stream === "downstream" && toxic.toxicity === 1, "defaults");
  await fails(proxy.addToxic({ name: "slow", type: "latency", attributes: {} }), 409);
  await fails(proxy.addToxic({ type: "nonsense", attributes: {} }), 400);
  await fails(proxy.addToxic({ type: "slicer", attributes: { average_size: 0 } }), 400);
  const slow = await ask(port, "hello");
  check(slow.got === "hello" && slow.ms >= 60, `latency: ${slow.ms} ms`);
  const changed = await toxic.update({ attributes: { latency: 120 }, toxicity: 1 });
  check(changed.attributes.latency === 120 && changed.attributes.jitter === 0, "changed");
  check((await ask(port, "hello")).ms >= 120, "the change acts");
  check((await proxy.getToxic("slow")).attributes.latency === 120, "getToxic");
  await toxic.remove();
  await fails(proxy.getToxic("slow"), 404);
  return port;
}

async function each(proxy, port) {
  const withToxic = async (type, attributes, act, stream = "downstream") => {
    const toxic = await proxy.addToxic({ name: `the_${type}`, type, stream, attributes });
    await act();
    await toxic.remove();
  };
  await withToxic("bandwidth", { rate: 100 }, async () => {
    const { got, ms } = await ask(port, "x".repeat(20000));
    check(got.length === 20000 && ms >= 195 && ms < 400, `bandwidth: ${ms} ms`);
  });
  await withToxic("limit_data", { bytes: 7 }, async () => {
    const { got, how } = await ask(port, "0123456789");
    check(got === "0123456" && how === "end", `limit_data: ${got} ${how}`);
  });
  await withToxic("timeout", { timeout: 80 }, async () => {
    const { got, how, ms } = await ask(port, "hello");
    check(got === "" && how === "end" && ms >= 75, `timeout: ${how} ${ms} ms`);
  });
  for (const stream of ["upstream", "downstream"]) {
    await withToxic("reset_peer", { timeout: 50 }, async () => {
      const { how, ms } = await ask(port, "hello");
      check(how === "ECONNRESET" && ms >= 50, `reset_peer ${stream}: ${how} ${ms} ms`);
    }, stream);
  }
  await withToxic("slicer", { average_size: 10, size_variation: 3, delay: 500 }, async () => {
    check((await ask(port, "y".repeat(200))).got === "y".repeat(200), "slicer");
  });
  await withToxic("slow_close", { delay: 50 }, async () => {
    check((await ask(port, "hello")).got === "hello", "slow_close");
  });
  await withToxic("noop", {}, async () => check((await ask(port, "hello")).got === "hello", "noop"));
}

async function main() {
  const toxiproxy = new Toxiproxy(api);
  const proxy = await proxies(toxiproxy);
  await populates(toxiproxy, proxy);
  const port = await toxics(toxiproxy, proxy);
  await each(proxy, port);
  await proxy.addToxic({ type: "latency", attributes: { latency: 1000 } });
  await proxy.update({ enabled: false, listen: proxy.listen, upstream });
  await toxiproxy.reset();
  const { got, ms } = await ask(port, "hello");
  check(got === "hello" && ms < 500, "reset enables and heals");
  await proxy.remove();
  check(Object.keys(await toxiproxy.getAll()).length === 0, "nothing is left");
  console.log(`ok ${checks}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
