"use strict";
// Shows state.json, which the server writes every two seconds. Words come before colours; a part is written anew only when it has
// changed, so that nobody who reads or listens loses the place.
const EVERY = 2000, OLD = 15, SOON = 14 * 86400;
const WORDS = {
  healthy: ["good", "✓ healthy"], running: ["good", "✓ running"], starting: ["busy", "… starting"],
  unhealthy: ["bad", "! not healthy"], stopping: ["busy", "↓ stopping"], stopped: ["bad", "■ stopped"],
  waiting: ["busy", "… waits for a place"], lost: ["bad", "✕ lost with its node"],
};
const KINDS = { app: "", data: "data", edge: "edge", pages: "this page" };
const DOING = { restart: "The app is being restarted", stop: "The app is being stopped", start: "The app is being started",
  scale: "A service is being scaled", data: "The data services are being started", upgrade: "The database is being upgraded" };
let skew = 0, last = null, heard = Date.now();
const shown = {};

const byId = (id) => document.getElementById(id);
const now = () => (Date.now() + skew) / 1000;
const plural = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
const names = (list) => list.join(", ");
const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC";

function make(tag, more, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(more || {})) made.setAttribute(name, value);
  made.append(...inside.filter((one) => one !== "" && one != null));
  return made;
}
function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return `${whole} s`;
  if (whole < 5400) return `${Math.round(whole / 60)} min`;
  return whole < 172800 ? `${Math.round(whole / 3600)} h` : `${Math.round(whole / 86400)} days`;
}
// An age, which goes on while nothing else changes.
const age = (since, after = "") => make("time", { "data-since": since, "data-after": after }, span(now() - since) + after);
function size(bytes) {
  return bytes >= 1e10 ? `${Math.round(bytes / 2 ** 30)} GiB` : bytes >= 1e9 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}
// Writes a part, where what it is made of has changed.
function part(id, made, write) {
  const text = JSON.stringify(made);
  if (shown[id] === text) return;
  shown[id] = text;
  const place = byId(id);
  place.replaceChildren(...[write(place)].flat());
}

const isUp = (task) => task.state === "healthy" || task.state === "running";
const down = (state) => state.nodes.filter((node) => node.state !== "ready");

function summary(state) {
  const said = [];
  const bad = (text) => said.push(["bad", text]), busy = (text) => said.push(["busy", text]);
  state.problems.forEach(bad);
  for (const node of down(state)) {
    const lost = state.tasks.filter((task) => task.node === node.name && task.state === "lost").length;
    bad(`Node ${node.name} does not answer${lost ? `; ${plural(lost, "task")} of it ${lost === 1 ? "is" : "are"} lost` : ""}.`);
  }
  if (state.stopped) busy("The app is stopped: visitors get a page.");
  if (state.maintenance && !state.stopped) busy("The app is closed for maintenance.");
  if (state.rollout) busy(`${doing(state.rollout)}.`);
  if (!state.stopped) {
    for (const one of state.services.filter((one) => one.running < one.wanted))
      (state.rollout ? busy : bad)(`${one.name}: ${one.running} of ${one.wanted} ${one.wanted === 1 ? "is" : "are"} well.`);
  }
  for (const one of state.certificates)
    if (one.ends < now() + SOON) bad(one.ends ? `The certificate of ${one.name} ends in ${span(one.ends - now())}.` : `No certificate is served for ${one.name}.`);
  if (state.backup) state.backup.troubles.forEach(bad);
  const up = state.tasks.filter(isUp).length;
  if (!said.length && !state.live) said.push(["busy", "No release is live yet."]);
  if (!said.length) {
    const where = state.runner === "swarm" ? `on ${plural(state.nodes.length, "node")}` : `on ${state.host}`;
    said.push(["good", `All is well: ${plural(up, state.runner === "swarm" ? "task" : "container")} ${up === 1 ? "runs" : "run"} ${where}, release ${state.live}.`]);
  }
  return said;
}
function doing(rollout) {
  const of = rollout.total ? `: ${rollout.done} of ${rollout.total} have it` : "";
  const instead = rollout.before && rollout.before !== rollout.after ? `, in place of ${rollout.before}` : "";
  if (rollout.after && rollout.kind === "deploy") return `Release ${rollout.after} is being rolled out${instead}${of}`;
  if (rollout.after && rollout.kind === "rollback") return `The app is going back to release ${rollout.after}${instead}${of}`;
  return DOING[rollout.kind] || (rollout.kind === "deploy" ? "A release is being prepared" : `A run is at work (${rollout.kind || "without a name"})`);
}
function writeRollout(rollout) {
  byId("rollout").hidden = !rollout;
  if (!rollout) return;
  part("rollout-text", [doing(rollout), rollout.by, rollout.since], () =>
    [doing(rollout), ".", rollout.by ? ` By ${rollout.by}.` : "", ...(rollout.since ? [" For ", age(rollout.since), "."] : [])]);
  byId("rollout-bar").hidden = !rollout.total;
  byId("rollout-bar").max = rollout.total || 1;
  byId("rollout-bar").value = rollout.done;
  part("rollout-step", rollout.step, () => (rollout.step ? `Step: ${rollout.step}` : ""));
}

function room(word, room) {
  if (!room || !room.total) return [make("span", {}, word), make("span", {}, "not known")];
  const used = 1 - room.free / room.total;
  const text = `${size(room.free)} free of ${size(room.total)}`;
  return [make("span", {}, word), make("span", {}, text, " ", make("meter", { min: 0, max: 1, high: 0.85, optimum: 0, value: used.toFixed(3), "aria-label": `${word}: ${text}` }))];
}
const rooms = (node) => make("div", { class: "room", id: `room-${node.name}` });
function writeRooms(node) {
  if (byId(`room-${node.name}`)) part(`room-${node.name}`, [node.disk, node.memory], () => [...room("Disk", node.disk), ...room("Memory", node.memory)]);
}
function writeTask(task) {
  const [kind, words] = WORDS[task.state] || ["busy", task.state];
  const what = [KINDS[task.part] ?? task.part, task.release ? `release ${task.release}` : task.image].filter(Boolean).join(", ");
  const since = Date.parse(task.since) / 1000;
  return make("li", {}, make("span", { class: "name" }, task.service + (task.number ? ` ${task.number}` : "")), " ",
    make("span", { class: kind }, words), make("span", { class: "more" }, what, ...(since ? [what ? ", " : "", "for ", age(since)] : [])));
}
function writeTasks(tasks) {
  return tasks.length ? make("ul", { class: "tasks" }, ...tasks.map(writeTask)) : make("p", {}, "Nothing runs here.");
}
function place(title, lines, more, tasks, isBad) {
  return make("article", { class: `place${isBad ? " is-down" : ""}`, "aria-label": `${title}${isBad ? ", does not answer" : ""}` },
    make("h3", {}, title), ...lines.map((line) => make("p", isBad && line.startsWith("✕") ? { class: "bad" } : {}, line)), more || "", writeTasks(tasks));
}
function ofSwarm(state) {
  const found = state.nodes.map((node) => {
    const isDown = node.state !== "ready";
    const lines = isDown ? ["✕ does not answer"] : [];
    lines.push([node.role + (node.leader ? ", leader" : ""), node.availability === "active" ? "" : `takes no tasks (${node.availability})`].filter(Boolean).join(", "));
    return place(node.name, lines, isDown ? "" : rooms(node), state.tasks.filter((task) => task.node === node.name), isDown);
  });
  const known = new Set(state.nodes.map((node) => node.name));
  const waiting = state.tasks.filter((task) => !known.has(task.node));
  return waiting.length ? [...found, place("Without a node", [], "", waiting, false)] : found;
}
function ofServer(state) {
  const colours = ["blue", "green"].filter((colour) => colour === state.colour || state.tasks.some((task) => task.colour === colour));
  const said = (colour) => (colour === state.colour ? "live: visitors are here" : state.rollout ? "the new release, before visitors" : "not live");
  return [
    ...state.nodes.map((node) => make("article", { class: "place", "aria-label": node.name }, make("h3", {}, node.name), make("p", {}, "the server"), rooms(node))),
    ...colours.map((colour) => place(colour, [said(colour)], "", state.tasks.filter((task) => task.colour === colour), false)),
    place("data", ["serves both colours"], "", state.tasks.filter((task) => !task.colour), false),
  ];
}

function table(caption, heads, rows) {
  const cells = (row) => make("tr", {}, make("th", { scope: "row" }, row[0]), ...row.slice(1).map((cell) => (cell instanceof Node && cell.nodeName === "TD" ? cell : make("td", {}, cell))));
  return make("table", { "aria-label": caption }, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))), make("tbody", {}, ...rows.map(cells)));
}
function writeServices(state) {
  const rows = state.services.map((one) => {
    const tasks = state.tasks.filter((task) => task.service === one.name && task.part === one.part);
    const running = [...new Set(tasks.filter((task) => isUp(task) || task.state === "starting").map((task) => task.release || task.image))].filter(Boolean);
    const ill = state.stopped && !one.wanted ? ["busy", "stopped"] : one.running >= one.wanted ? ["good", "✓ well"] : ["bad", "! not all are well"];
    const failed = one.failed ? `, ${plural(one.failed, "task")} failed lately` : "";
    return [one.name, KINDS[one.part] ?? one.part, `${one.running} of ${one.wanted}`, make("td", { class: ill[0] }, ill[1] + failed), names(running)];
  });
  return rows.length ? table("Services", ["Service", "Kind", "Well", "State", "Runs"], rows) : make("p", {}, "None yet.");
}
function writeReleases(state) {
  const STATES = { live: "✓ live", good: "kept", bad: "✕ failed", open: "not finished" };
  const rows = state.releases.map((one) => [one.id, make("td", { class: { live: "good", bad: "bad" }[one.state] || "" }, STATES[one.state] || one.state),
    one.at ? make("td", {}, utc(one.at), " (", age(one.at, " ago"), ")") : "", one.by || "not known"]);
  return rows.length ? table("Last releases", ["Release", "State", "Live since", "By"], rows) : make("p", {}, "None yet.");
}
function writeKeep(state) {
  const backup = state.backup, when = (at) => (at ? [age(at, " ago"), ` (${utc(at)})`] : ["never"]);
  const found = [];
  if (backup) {
    found.push(make("dt", {}, "Last backup"), make("dd", {}, ...when(backup.made)));
    found.push(make("dt", {}, "Last backup that was proven by restoring it"), make("dd", {}, ...when(backup.verified)));
    found.push(...backup.troubles.map((text) => make("dd", { class: "bad" }, `! ${text}`)));
  } else found.push(make("dt", {}, "Backups"), make("dd", {}, "not switched on, or their node is not heard of"));
  for (const one of state.certificates)
    found.push(make("dt", {}, `Certificate of ${one.name}`), make("dd", {}, one.ends ? `until ${utc(one.ends)}, for ${span(one.ends - now())}` : "none is served"));
  return found;
}

// Of several apps on one server, the one whose name is after the # of the address.
const here = (apps) => apps.find((one) => `#${one.app}` === location.hash) || apps[0];
function writeLinks(apps, state) {
  const found = apps.length > 1 ? apps.flatMap((one) => [one === state ? make("strong", { "aria-current": "page" }, one.app) : make("a", { href: `#${one.app}` }, one.app), " "]) : [];
  return state.mail_port ? [...found, make("a", { href: `${location.protocol}//${location.hostname}:${state.mail_port}/` }, "Mail catcher")] : found;
}
// What is not well with the other apps stands at the top, too; what is the machine's once.
function ofOthers(apps, state, said) {
  const known = said.map(([, text]) => text), isNew = ([kind, text]) => kind !== "good" && !known.includes(text);
  return apps.filter((one) => one !== state).flatMap((one) => summary(one).filter(isNew).map(([kind, text]) => [kind, `${one.app}: ${text}`]));
}

function show(first) {
  const apps = [first, ...first.others || []], state = here(apps);
  const said = summary(state);
  said.push(...ofOthers(apps, state, said));
  document.title = `${said.some(([kind]) => kind === "bad") ? "✕ " : state.rollout ? "… " : ""}${state.app}`;
  part("app", state.app, () => state.app);
  part("links", [state.app, apps.map((one) => one.app), state.mail_port], () => writeLinks(apps, state));
  part("summary", said, () => said.map(([kind, text]) => make("li", { class: kind }, text)));
  writeRollout(state.rollout);
  part("places-heading", state.runner, () => (state.runner === "swarm" ? "Nodes" : "Server"));
  const nodes = state.nodes.map(({ disk, memory, measured, ...rest }) => rest);
  part("places", [nodes, state.tasks, state.colour, !state.rollout], () => {
    for (const node of state.nodes) delete shown[`room-${node.name}`];
    return state.runner === "swarm" ? ofSwarm(state) : ofServer(state);
  });
  state.nodes.forEach(writeRooms);
  part("services", [state.services, state.tasks, state.stopped], () => writeServices(state));
  part("releases", state.releases, () => writeReleases(state));
  part("keep", [state.backup, state.certificates], () => writeKeep(state));
}
function tick(trouble) {
  for (const one of document.querySelectorAll("time")) {
    const text = span(now() - one.dataset.since) + one.dataset.after;
    if (one.textContent !== text) one.textContent = text;
  }
  const old = last ? now() - last.time : 0;
  let text = "";
  if (trouble && (!last || Date.now() - heard > OLD * 1000)) text = `${trouble}${last ? " What is shown is old." : ""}`;
  else if (last && !trouble && old > OLD) text = `What is shown is old: ${last.host} writes nothing new.`;
  const stale = byId("stale");
  if (stale.textContent !== text) stale.textContent = text;
  stale.hidden = !text;
  document.body.classList.toggle("is-stale", Boolean(text));
  byId("age").textContent = last ? `As ${last.host} saw it ${span(old)} ago. New every 2 s.` : trouble || "";
}
async function look() {
  let trouble = "";
  try {
    const answer = await fetch("/state.json", { cache: "no-store", signal: AbortSignal.timeout(8000) });
    const sent = Date.parse(answer.headers.get("Date") || "");
    if (sent) skew = sent - Date.now();
    if (answer.ok) {
      last = await answer.json();
      heard = Date.now();
      show(last);
    } else trouble = answer.status === 404 ? "Nothing is written here yet." : `The server answers with ${answer.status}.`;
  } catch (error) {
    trouble = "The server does not answer.";
  }
  tick(trouble);
  setTimeout(look, EVERY);
}
addEventListener("hashchange", () => last && show(last));
look();
