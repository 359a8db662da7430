// What the page does by itself: it asks again for what has changed and puts it where it is, without a reload and
// without jumping. Everything else works without this script, by links and forms.
"use strict";

const body = () => document.body;
const graph = () => document.getElementById("graph");

// --- Putting a new version of the page over the one that is shown -------------------------------------------------

/** What a person has set and no answer of the server may undo: opened parts, zoom, what is typed. */
const keeps = (node, name) =>
  (node instanceof HTMLDetailsElement && name === "open") ||
  (node.dataset?.zoomed && ["width", "height"].includes(name)) ||
  (node.id === "graph" && name === "class") ||
  (node.dataset?.src && name === "style");

/** What a person has typed and not sent, or types just now. */
const isTyped = (node) =>
  node.matches?.("input, textarea, select") && (node === document.activeElement || node.value !== node.defaultValue) &&
  !["hidden", "radio", "checkbox", "submit"].includes(node.type);

/** Parts of long lists that were loaded stay loaded. */
const isLoaded = (node) => node.dataset?.loaded !== undefined;

/** What says that it is the same stays as it is: a long text, and a form in which somebody has typed. */
const isKept = (from, to) => from.dataset?.keep !== undefined && from.dataset.keep === to.dataset?.keep;

const put = (text, move) => {
  const next = new DOMParser().parseFromString(text, "text/html");
  if (!next.body.hasAttribute("data-live")) return;
  const tails = [...document.querySelectorAll("[data-tail]")].filter(isAtEnd);
  document.title = next.title;
  document.documentElement.lang = next.documentElement.lang;
  document.documentElement.dataset.theme = next.documentElement.dataset.theme;
  Idiomorph.morph(body(), next.body, {
    morphStyle: "outerHTML",
    callbacks: {
      beforeAttributeUpdated: (name, node) => !(keeps(node, name) && !move),
      beforeNodeMorphed: (from, to) => {
        if (from.id === "lost" || isKept(from, to)) return false;
        // What was typed, and the answer to what was sent: nobody else has them.
        if (!move && isTyped(from)) return false;
        if (!move && from.dataset?.answer !== undefined && !to.hasChildNodes()) return false;
        if (from instanceof HTMLDetailsElement && !move && from.open !== to.open) to.open = from.open;
        return !(isLoaded(from) && from.dataset.src === to.dataset?.src);
      },
    },
  });
  for (const tail of tails) if (tail.isConnected) tail.scrollTop = tail.scrollHeight;
  settle(move);
};

/** What follows a new version: zoom, what is in sight, parts to be loaded. */
const settle = (move) => {
  const shown = graph();
  if (shown && (move || !shown.dataset.placed)) {
    shown.dataset.placed = "";
    const selected = shown.querySelector(".state.is-selected");
    const first = selected ?? shown.querySelector("[data-state]");
    if (first) {
      const [at, pane] = [first.getBoundingClientRect(), shown.getBoundingClientRect()];
      shown.scrollLeft += at.x + at.width / 2 - pane.x - pane.width / 2;
      if (selected) shown.scrollTop += at.y + at.height / 2 - pane.y - pane.height / 2;
    }
  }
  const written = move && !location.hash && document.querySelector("#source .is-selected");
  if (written) {
    const pane = written.parentElement;
    const down = written.getBoundingClientRect().top - pane.getBoundingClientRect().top;
    pane.scrollTop += down - pane.clientHeight / 4;
  }
  if (move) for (const tail of document.querySelectorAll("[data-tail]")) tail.scrollTop = tail.scrollHeight;
  for (const part of document.querySelectorAll("[data-src]:not([data-loaded])")) seen.observe(part);
  // What is new is at the top of a table, and moves the rows of its other parts.
  if (!move) for (const part of document.querySelectorAll("tbody[data-loaded]")) load(part);
};

const isAtEnd = (node) => node.scrollHeight - node.scrollTop - node.clientHeight < 24;

// --- Going somewhere ----------------------------------------------------------------------------------------------

let going = 0;

const go = async (url, { push = true, method = "GET", form } = {}) => {
  const mine = ++going;
  const before = heard;
  const answer = await fetch(url, { method, body: form, headers: { accept: "text/html" } });
  const text = await answer.text();
  if (mine !== going) return;
  if (push) history.pushState(null, "", answer.redirected || method === "GET" ? answer.url : location.href);
  put(text, true);
  if (document.activeElement === body()) document.getElementById("content")?.focus({ preventScroll: true });
  // What changed on the way was not about what is shown now.
  if (heard !== before) refresh();
};

const lead = (url, options) => go(url, options).catch(() => (location.href = url));

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const url = new URL(link.href.baseVal ?? link.href, location.href);
  if (url.origin !== location.origin || "reload" in link.dataset || link.hasAttribute("target")) return;
  if (url.hash && url.pathname === location.pathname) return;
  event.preventDefault();
  lead(url);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  // Not `form.action`, which is the field of that name where a form has one.
  const action = form.getAttribute("action");
  if (form.getAttribute("method") === "post") lead(action, { method: "POST", form: fields });
  else lead(`${action}?${fields}`);
});

addEventListener("popstate", () => lead(location.href, { push: false }));

// --- Changes as they come -----------------------------------------------------------------------------------------

let wanted = false;
let asking = false;
/** How many times something was heard of. */
let heard = 0;

const refresh = async () => {
  wanted = true;
  if (asking) return;
  asking = true;
  while (wanted) {
    wanted = false;
    const mine = going;
    const began = performance.now();
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      const text = await answer.text();
      if (mine === going && !isWriting()) put(text, false);
    } catch {
      break;
    }
    // Whoever looks on slows nothing down: what took long is asked for seldom.
    const took = performance.now() - began;
    const rest = took < 200 ? 150 : Math.min(10 * took, 5000);
    await new Promise((resolve) => setTimeout(resolve, rest));
  }
  asking = false;
};

/** Nothing moves under somebody who drags or opens a menu. */
const isWriting = () => graph()?.classList.contains("is-dragged");

let live;

/** Hears of changes while somebody looks: a browser has few connections, and tabs in the background want none. */
const listen = () => {
  if (live || document.hidden) return;
  // From where the view was read: nothing that happens in between is missed.
  live = new EventSource(`/live?from=${body().dataset.heard}`);
  let wasLost = false;
  live.onopen = () => {
    document.getElementById("lost").hidden = true;
    // Another server may count anew.
    if (wasLost) refresh();
    wasLost = false;
  };
  live.onerror = () => {
    wasLost = true;
    document.getElementById("lost").hidden = false;
    // Some browsers give up: begin anew.
    if (live?.readyState === EventSource.CLOSED) setTimeout(() => { hush(); listen(); }, 1000);
  };
  live.onmessage = ({ data }) => {
    const about = body().dataset.live.split("\n").filter(Boolean);
    const topics = JSON.parse(data);
    heard += 1;
    if (topics.includes("everything") || topics.some((topic) => about.some((word) => topic.startsWith(word)))) refresh();
  };
};

const hush = () => {
  live?.close();
  live = undefined;
};

document.addEventListener("visibilitychange", () => (document.hidden ? hush() : listen()));

// --- Long lists: a part is loaded when it is about to be seen ------------------------------------------------------

const load = (target) => {
  target.dataset.loaded = "";
  return fetch(target.dataset.src)
    .then((answer) => answer.text())
    .then((text) => {
      const part = new DOMParser().parseFromString(text, "text/html");
      // Rows of a table come in a table of their own.
      const rows = target.localName === "tbody" ? part.querySelector("tbody") : part.body;
      target.replaceChildren(...(rows?.childNodes ?? []));
      target.style.height = "";
      if (target.matches("[class*=rows-]")) passed.observe(target);
      // A part may have parts of its own.
      for (const inner of target.querySelectorAll("[data-src]:not([data-loaded])")) seen.observe(inner);
    })
    .catch(() => delete target.dataset.loaded);
};

const seen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting && !("loaded" in target.dataset)) load(target);
  },
  { rootMargin: "400px", scrollMargin: "400px" },
);

/** Rows that are far away go again, so that a long list stays light; what is open or has the focus stays. */
const passed = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting || !("loaded" in target.dataset) || !target.hasChildNodes()) continue;
      if (target.contains(document.activeElement) || target.querySelector("li > details[open]")) continue;
      passed.unobserve(target);
      target.style.height = `${target.offsetHeight}px`;
      target.replaceChildren();
      delete target.dataset.loaded;
    }
  },
  { rootMargin: "4000px", scrollMargin: "4000px" },
);

// --- The graph: zoom, drag, arrows, iterations --------------------------------------------------------------------

const zoom = (factor) => {
  const drawing = graph()?.querySelector("svg");
  if (!drawing) return;
  const [, , width, height] = drawing.getAttribute("viewBox").split(/[ ,]+/).map(Number);
  const pane = graph();
  const now = Number(drawing.getAttribute("width")) / width;
  const fit = Math.min((pane.clientWidth - 24) / width, (pane.clientHeight - 24) / height, 1);
  const next = factor ? Math.min(Math.max(now * factor, 0.1), 4) : fit;
  drawing.setAttribute("width", width * next);
  drawing.setAttribute("height", height * next);
  drawing.dataset.zoomed = "";
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-zoom]");
  if (button) zoom({ in: 1.25, out: 0.8, fit: 0 }[button.dataset.zoom]);
  const theme = event.target.closest("#theme");
  if (theme) {
    // The other one of what is seen, whoever chose it.
    event.preventDefault();
    const ofSystem = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const chosen = document.documentElement.dataset.theme;
    const other = (chosen === "system" ? ofSystem : chosen) === "dark" ? "light" : "dark";
    location.href = `/set?theme=${other === ofSystem ? "system" : other}`;
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard?.writeText(copy.closest(".part").querySelector(".body").textContent);
  const strip = event.target.closest("[data-iterations]");
  if (strip && !event.target.closest("a.iteration")) pick(strip, event);
});

/** The iteration at a point of a strip that has too many for links. */
const pick = (strip, event) => {
  const box = strip.getBoundingClientRect();
  const { columns, iterations, state, cell } = strip.dataset;
  const scale = box.width / (columns * cell);
  const column = Math.floor((event.clientX - box.left) / (cell * scale));
  const row = Math.floor((event.clientY - box.top) / (cell * scale));
  const index = row * columns + column;
  if (column < 0 || column >= columns || index < 0 || index >= iterations) return;
  event.preventDefault();
  event.stopPropagation();
  const url = new URL(location.href);
  const name = state.replaceAll("%", "%25").replaceAll(",", "%2C");
  const others = (url.searchParams.get("in") ?? "").split(",").filter((one) => one && !one.startsWith(`${name}:`));
  url.searchParams.set("in", [...others, `${name}:${index}`].join(","));
  url.searchParams.set("state", state);
  url.searchParams.delete("visit");
  lead(url);
};

let drag;
document.addEventListener("pointerdown", (event) => {
  const pane = event.target.closest("#graph");
  if (!pane || event.button || event.target.closest("a")) return;
  drag = { pane, x: event.clientX + pane.scrollLeft, y: event.clientY + pane.scrollTop };
  pane.classList.add("is-dragged");
});
document.addEventListener("pointermove", (event) => {
  if (drag) drag.pane.scrollTo(drag.x - event.clientX, drag.y - event.clientY);
});
document.addEventListener("pointerup", () => {
  if (!drag) return;
  drag.pane.classList.remove("is-dragged");
  drag = undefined;
  // What came while it was dragged.
  refresh();
});
document.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey || !event.target.closest("#graph")) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.1 : 0.9);
  },
  { passive: false },
);

const WALKS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select");
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    document.getElementById("search").focus();
    return;
  }
  if (event.key === "Escape" && isTyping) event.target.blur();
  const state = event.target.closest("#graph [data-state]");
  const way = WALKS[event.key];
  if (!way || isTyping || event.altKey || event.ctrlKey || event.metaKey) return;
  if (state) {
    const next = state.dataset[way];
    const found = next && graph().querySelector(`[data-state="${CSS.escape(next)}"]`);
    if (!found) return;
    event.preventDefault();
    found.focus();
    found.scrollIntoView({ block: "nearest", inline: "nearest" });
  } else if (event.target === graph() && way === "down") {
    const first = graph().querySelector("[data-state]");
    if (first) {
      event.preventDefault();
      first.focus();
    }
  }
});

// --- Filters and searching in what is shown -----------------------------------------------------------------------

let typing;
document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.matches("[data-filter]")) {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const url = new URL(location.href);
      if (field.value) url.searchParams.set("filter", field.value);
      else url.searchParams.delete("filter");
      history.replaceState(null, "", url);
      refresh();
    }, 150);
  }
  if (field.matches("[data-find]")) find(field);
});

/** Marks a text in a part, and opens what it is folded in. */
const find = (field) => {
  if (!globalThis.Highlight) return;
  CSS.highlights.delete("found");
  const text = field.value.toLowerCase();
  if (!text) return;
  const ranges = [];
  const walker = document.createTreeWalker(field.closest(".part").querySelector(".body"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const whole = node.data.toLowerCase();
    for (let at = whole.indexOf(text); at >= 0 && ranges.length < 1000; at = whole.indexOf(text, at + text.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + text.length);
      ranges.push(range);
      for (let around = node.parentElement.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
    }
  }
  if (ranges.length) {
    CSS.highlights.set("found", new Highlight(...ranges));
    ranges[0].startContainer.parentElement.scrollIntoView({ block: "nearest" });
  }
};

settle(true);
listen();
