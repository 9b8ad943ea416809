// main.js - the frame: header, routes, the clock that keeps the page live, messages.
//
//   /           the newest run, and the next one as soon as it starts
//   /runs       all runs
//   /runs/ID    one run
//   /compare    chosen runs side by side

import { api } from "./api.js";
import { choice } from "./choice.js";
import { CompareView } from "./compare.js";
import { h, fill, icon, setText } from "./dom.js";
import { onKeydown, say, setKeys, showHelp } from "./keys.js";
import { isDark } from "./palette.js";
import { RunRail } from "./rail.js";
import { RunView } from "./run.js";
import { RunsView } from "./runs.js";
import { remember } from "./state.js";
import { spring } from "./widgets.js";

const RAIL_RUNS = 100;
const HIDDEN_WAIT_MS = 60000;
const LEAST_WAIT_MS = 100;
// Of the interval, while something runs: with the half second that a recorder gathers points, and the time that reading
// takes, a point is on the screen within one and a half intervals.
const LIVE_PART = 0.8;

class App {
  constructor(root) {
    Object.assign(this, {
      interval: 1000,
      view: null,
      viewKey: "",
      project: { title: "", description: "", fields: [], series: [], error: null, diagnostics: [] },
    });
    this.rail = new RunRail();
    this.build(root);
    this.drawTheme();
    document.addEventListener("click", (event) => this.onLink(event));
    document.addEventListener("keydown", onKeydown);
    addEventListener("popstate", () => {
      this.viewKey = "";
      this.tick();
    });
    document.addEventListener("visibilitychange", () => this.tick());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.drawTheme());
    setKeys("Everywhere", this.keys());
  }

  build(root) {
    const button = (name, title, act) =>
      h(
        "button",
        { class: "quiet square" + (name === "keyboard" ? " for-keyboard" : ""), title, "aria-label": title, onclick: act },
        icon(name),
      );
    this.title = h("span", { class: "project-title" });
    this.live = h("span", { class: "live", role: "status" });
    this.theme = button("sun", "Light or dark (t)", () => this.toggleTheme());
    this.tabs = {
      run: h("a", { href: "/", class: "tab" }, "Run"),
      runs: h("a", { href: "/runs", class: "tab" }, "Runs"),
      compare: h("a", { href: "/compare", class: "tab" }, "Compare"),
    };
    this.banner = h("div", { class: "banners" });
    this.stage = h("div", { class: "stage" });
    fill(
      root,
      h(
        "header",
        { class: "top" },
        h("a", { class: "brand", href: "/" }, h("img", { src: "/assets/icon.svg", alt: "", width: "26", height: "26" }), this.title),
        h("nav", { class: "tabs", "aria-label": "Pages" }, Object.values(this.tabs)),
        spring(),
        this.live,
        button("link", "Copy link (Y)", () => this.copyLink()),
        button("keyboard", "Keyboard (?)", showHelp),
        this.theme,
      ),
      this.banner,
      this.stage,
    );
  }

  keys() {
    return [
      ["?", "this list", showHelp],
      ["g r", "all runs", () => this.go("/runs")],
      ["g l", "the latest run", () => this.go("/")],
      ["g c", "compare", () => this.go("/compare")],
      ["t", "light or dark", () => this.toggleTheme()],
      ["Y", "copy a link to this view", () => this.copyLink()],
      ["[", "the next newer run", () => this.neighbour(-1)],
      ["]", "the next older run", () => this.neighbour(1)],
      ["Escape", "leave a field", () => {}],
    ];
  }

  async start() {
    const first = this.tick();
    const settings = await api.settings().catch(() => null);
    this.interval = (settings && settings.interval_ms) || this.interval;
    await first;
  }

  // ---- the clock ------------------------------------------------------------------

  /** One round of reading; the next is planned whatever happened. A hidden page rests. */
  async tick() {
    clearTimeout(this.timer);
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    const begin = performance.now();
    try {
      await this.refresh();
      this.setLive("ok", "Live");
    } catch (error) {
      if (error.name !== "AbortError") {
        this.setLive("bad", error.status === 0 ? "Not answering" : error.message);
        if (error.status === undefined) {
          setTimeout(() => {
            throw error; // a mistake of ours is for the console
          });
        }
      }
    }
    this.busy = false;
    const wait = document.hidden ? HIDDEN_WAIT_MS : this.period() - (performance.now() - begin);
    this.timer = setTimeout(() => this.tick(), this.again ? 0 : Math.max(LEAST_WAIT_MS, wait));
    this.again = false;
  }

  /** From the beginning of one reading to the beginning of the next. */
  period() {
    return this.interval * (this.view && this.view.isLive && this.view.isLive() ? LIVE_PART : 1);
  }

  setLive(state, text) {
    this.live.className = "live " + state;
    this.live.title = text;
    setText(this.live, text);
  }

  async refresh() {
    const [project, runs] = await Promise.all([
      api.project(),
      this.needsRail() ? api.runs({ limit: RAIL_RUNS, with: "values" }) : null,
    ]);
    if (!project.error) {
      this.good = project;
    }
    // While the file is broken, what it said last stays on the page, below the message.
    this.project = this.good && project.error ? { ...this.good, error: project.error, diagnostics: project.diagnostics } : project;
    setText(this.title, this.project.title || "Guild View");
    this.title.title = this.project.description || "";
    this.drawBanner();
    if (!runs && this.needsRail()) {
      this.again = true; // the address changed while this was read
      return;
    }
    this.route(runs);
    if (this.view instanceof RunView) {
      this.rail.show(runs, this.project, this.view.id);
    }
    if (this.view) {
      await this.view.refresh(this.project);
    }
  }

  // ---- routes ---------------------------------------------------------------------

  needsRail() {
    return location.pathname !== "/runs" && location.pathname !== "/compare";
  }

  /** Makes the view that the address asks for, keeping it while the address stays. */
  route(runs) {
    const path = location.pathname;
    const named = path.match(/^\/runs\/([^/]+)$/);
    const id = named ? decodeURIComponent(named[1]) : runs && runs.runs.length ? runs.runs[0].id : "";
    const kind = path === "/runs" || path === "/compare" ? path.slice(1) : id ? "run" : "welcome";
    const key = kind === "run" ? "run " + id : kind;
    Object.entries(this.tabs).forEach(([name, tab]) =>
      tab.classList.toggle("current", name === kind || (name === "run" && kind === "welcome")),
    );
    this.tabs.runs.href = "/runs" + (kind === "compare" ? choice.query() : "");
    if (key !== this.viewKey) {
      this.viewKey = key;
      this.show(kind, id);
    }
  }

  show(kind, id) {
    if (this.view) {
      this.view.destroy();
    }
    this.view =
      kind === "run"
        ? new RunView(id)
        : kind === "runs"
          ? new RunsView((path) => this.go(path))
          : kind === "compare"
            ? new CompareView((path) => this.go(path))
            : null;
    this.stage.classList.toggle("with-rail", kind === "run");
    fill(this.stage, kind === "run" ? [this.rail.element, this.view.element] : this.view ? this.view.element : welcome());
    scrollTo(0, 0);
  }

  go(path) {
    history.pushState(null, "", path);
    this.viewKey = "";
    this.tick();
  }

  onLink(event) {
    const link = event.target.closest && event.target.closest("a[href^='/']");
    if (
      link &&
      !link.hasAttribute("download") &&
      event.button === 0 &&
      !event.metaKey &&
      !event.ctrlKey &&
      !event.shiftKey &&
      !event.altKey
    ) {
      event.preventDefault();
      this.go(link.getAttribute("href"));
    }
  }

  /** To the run above or below in the list at the left. */
  neighbour(by) {
    const items = [...this.rail.element.querySelectorAll(".rail-item")];
    const next = items[items.findIndex((item) => item.classList.contains("current")) + by];
    if (this.rail.element.isConnected && next) {
      this.go(next.getAttribute("href"));
    }
  }

  async copyLink() {
    try {
      await navigator.clipboard.writeText(location.href);
      say("Link copied");
    } catch (_) {
      say("The address bar has the link");
    }
  }

  // ---- messages, theme ------------------------------------------------------------

  /** A broken project file is shown with its place; the runs stay visible. */
  drawBanner() {
    const stamp = JSON.stringify([this.project.error, this.project.diagnostics]);
    if (stamp === this.bannerStamp) {
      return;
    }
    this.bannerStamp = stamp;
    const problems = [this.project.error, ...(this.project.diagnostics || []).filter((one) => one.severity === "warning")].filter(Boolean);
    fill(
      this.banner,
      problems
        .slice(0, 5)
        .map((problem) =>
          h(
            "div",
            {
              class: "banner" + (problem.severity === "warning" ? " mild" : ""),
              role: "alert",
              dataset: { banner: problem.severity === "warning" ? "warning" : "project" },
            },
            icon("warning"),
            h(
              "div",
              {},
              h("b", {}, problem.text || problem.message),
              problem.hint ? h("p", {}, problem.hint) : null,
              problem.caret ? h("pre", {}, problem.caret) : null,
            ),
          ),
        ),
    );
  }

  toggleTheme() {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    remember("theme", next);
    this.drawTheme();
  }

  drawTheme() {
    fill(this.theme, icon(isDark() ? "sun" : "moon"));
    if (this.view) {
      this.view.redraw();
    }
  }
}

function welcome() {
  return h(
    "main",
    { class: "welcome" },
    h("img", { src: "/assets/icon.svg", alt: "", width: "64", height: "64" }),
    h("h1", {}, "No runs yet"),
    h("p", {}, "Start one, and it appears here by itself:"),
    h("pre", {}, "guild train"),
  );
}

new App(document.getElementById("app")).start();
