// What the page does in the browser beyond Gradio's components: its address, the numbers in an answer, keys, the interface's language
// and colours, the clipboard, and what a screen reader is told. Loads nothing, stores two choices, runs no text as code.
"use strict";
(() => {
  const LANGUAGE = "nq-language"; // a cookie, since the server must know it too
  const COLOURS = "nq-colours"; // in local storage: light or dark
  const LONG_PRESS = 450; // milliseconds
  const PAUSE = 900; // milliseconds between two pieces of news that are read out

  // The language, before Gradio asks the browser for it
  const chosen = /(?:^|;\s*)nq-language=(zh|en)\s*(?:;|$)/.exec(document.cookie)?.[1];
  if (chosen) {
    const tag = chosen === "zh" ? "zh-CN" : "en";
    Object.defineProperty(navigator, "language", { get: () => tag });
    Object.defineProperty(navigator, "languages", { get: () => [tag] });
  }
  const interfaceLanguage = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
  document.documentElement.lang = interfaceLanguage === "zh" ? "zh-CN" : "en";

  const names = (/* names */ {})[interfaceLanguage] ?? {}; // put in by the server: what Gradio names in English only

  const find = (selector, within = document) => within.querySelector(selector);
  const shown = (element) => element !== null && element.offsetParent !== null;
  const write = (box, text) => {
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  function switchLanguage() {
    const other = interfaceLanguage === "zh" ? "en" : "zh";
    document.cookie = `${LANGUAGE}=${other}; path=/; max-age=31536000; samesite=strict`;
    location.reload();
  }

  // Light and dark: Gradio follows the system; what was chosen here comes before that.
  function applyColours() {
    const wanted = localStorage.getItem(COLOURS);
    if (wanted && document.body && document.body.classList.contains("dark") !== (wanted === "dark")) {
      document.body.classList.toggle("dark", wanted === "dark");
    }
  }
  function switchColours() {
    localStorage.setItem(COLOURS, document.body.classList.contains("dark") ? "light" : "dark");
    applyColours();
  }

  // Sources. A wish is a line in a hidden box; the last number makes it another one than the one before.
  let wishes = 0;
  let wanted = null; // the source to be opened when its panel is there
  const ask = (wish) => write(find("#nq-pick textarea, #nq-pick input"), `${wish}:${(wishes += 1)}`);
  const placeOf = (element) => element.closest("[id^=nq-answer-]")?.id.slice("nq-answer-".length);

  function openSource(number, place) {
    wanted = number;
    if (place !== undefined && !find(`#nq-sources #nq-sources-${place}`)) ask(`sources:${place}`);
    else showWanted();
  }
  function showWanted() {
    const card = wanted && find(`#nq-sources #nq-source-${wanted}`);
    if (!card) return;
    wanted = null;
    document.querySelectorAll(".nq-active").forEach((each) => each.classList.remove("nq-active"));
    card.open = true;
    card.classList.add("nq-active");
    const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    const target = find("mark", card) && card.offsetHeight > innerHeight / 2 ? find("mark", card) : card;
    target.scrollIntoView({ block: "nearest", behavior: smooth ? "smooth" : "auto" });
    find("summary", card).focus({ preventScroll: true });
  }

  // The quote beside a number
  const tip = document.createElement("div");
  tip.id = "nq-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  function showTip(link) {
    const number = link.textContent.replace(/\D/g, "");
    const quotes = link.closest("[id^=nq-answer-]")?.querySelectorAll(".nq-quote") ?? [];
    const quote = [...quotes].find((each) => each.textContent === number);
    if (!quote) return;
    const [where, ...lines] = quote.title.split("\n");
    tip.replaceChildren();
    for (const [kind, text] of [["nq-tip-where", where.trim()], ["nq-tip-quote", lines.join("\n").trim()]]) {
      const part = document.createElement("p");
      part.className = kind;
      part.textContent = text;
      tip.append(part);
    }
    if (!tip.isConnected) document.body.append(tip);
    tip.hidden = false;
    link.setAttribute("aria-describedby", tip.id);
    const at = link.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left - 16), innerWidth - tip.offsetWidth - 8);
    const above = at.top - tip.offsetHeight - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : Math.min(at.bottom + 8, innerHeight - tip.offsetHeight - 8)}px`;
  }
  function hideTip() {
    tip.hidden = true;
    find("[aria-describedby=nq-tip]")?.removeAttribute("aria-describedby");
  }

  let pressing = 0;
  let pressed = false; // long: the click that follows only ends it
  document.addEventListener("pointerdown", (event) => {
    const link = event.target.closest?.(".nq-cite");
    pressed = false;
    if (!link || event.pointerType === "mouse") return hideTip();
    pressing = setTimeout(() => { pressed = true; showTip(link); }, LONG_PRESS);
  });
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => clearTimeout(pressing));
  document.addEventListener("contextmenu", (event) => {
    if (pressed && event.target.closest?.(".nq-cite")) event.preventDefault();
  });
  for (const [name, act] of [["pointerover", showTip], ["focusin", showTip], ["pointerout", hideTip], ["focusout", hideTip]]) {
    document.addEventListener(name, (event) => {
      const link = event.target.closest?.(".nq-cite");
      if (link && (event.pointerType === undefined || event.pointerType === "mouse")) act(link);
    });
  }

  document.addEventListener("click", (event) => {
    const clicked = event.target.closest?.(".nq-cite, .nq-open, .nq-back, #nq-interface, #nq-appearance, #nq-copy");
    if (!clicked) return;
    if (clicked.matches(".nq-cite")) {
      event.preventDefault();
      if (!pressed) {
        hideTip();
        openSource(clicked.textContent.replace(/\D/g, ""), placeOf(clicked));
      }
    } else if (clicked.matches(".nq-open")) {
      const panel = clicked.closest("[id^=nq-sources-]");
      ask(`note:${clicked.id.slice("nq-open-".length)}:${panel.id.slice("nq-sources-".length)}`);
    } else if (clicked.matches(".nq-back")) ask(`sources:${clicked.id.slice("nq-back-".length)}`);
    else if (clicked.id === "nq-interface") switchLanguage();
    else if (clicked.id === "nq-appearance") switchColours();
    else copy(clicked);
  });

  // Without HTTPS, as in a local network, there is no clipboard interface but the old one.
  async function copy(button) {
    const text = find("#nq-text textarea, #nq-text input").value;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const box = document.createElement("textarea");
      box.value = text;
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
    button.classList.add("nq-done");
    setTimeout(() => button.classList.remove("nq-done"), 1600);
  }

  // Keys: Escape stops, the arrow up brings the last question back, and Enter that ends a Chinese input sends nothing.
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest?.("#nq-question textarea");
    if (event.key === "Escape") {
      if (!tip.hidden) hideTip();
      else if (shown(find("#nq-stop"))) find("#nq-stop").click();
    } else if (box && event.key === "ArrowUp" && box.value === "") {
      const questions = document.querySelectorAll("#nq-chat .nq-question");
      if (!questions.length) return;
      event.preventDefault();
      write(box, questions[questions.length - 1].innerText);
    }
  }, true);

  for (const name of ["keydown", "keypress"]) {
    document.addEventListener(name, (event) => {
      const composing = event.isComposing || event.keyCode === 229;
      if (composing && event.key === "Enter" && event.target.closest?.("#nq-question textarea")) event.stopImmediatePropagation();
    }, true);
  }

  // Words that lie in the browser only are not lost to a slip: the browser asks before it closes the page.
  let edited = false;
  document.addEventListener("input", (event) => { edited ||= event.isTrusted && Boolean(event.target.closest?.("#nq-note-editor")); });
  addEventListener("beforeunload", (event) => {
    if (edited || find("#nq-note-kept textarea")?.value) event.preventDefault();
  });

  // What is longer than its place is scrolled by keys once it has the focus.
  function reachStatus() {
    const status = find("#nq-status");
    if (status) status.tabIndex = status.scrollHeight > status.clientHeight ? 0 : -1;
  }
  const sizes = new ResizeObserver(reachStatus);
  let watched = null;

  // Screen readers: not the whole text at each piece of it, but what is new, sentence by sentence.
  const live = document.createElement("div");
  live.id = "nq-live";
  live.setAttribute("role", "status");
  live.setAttribute("aria-live", "polite");
  let told = "";
  let telling = 0;
  function tell() {
    telling = 0;
    reachStatus();
    const all = document.querySelectorAll("#nq-chat .nq-answer, #nq-chat .nq-waiting");
    const last = all[all.length - 1];
    if (!last) return;
    const whole = last.innerText.replace(/\s+/g, " ").trim();
    const text = last.matches(".nq-writing") ? whole.replace(/[^。！？.!?]*$/, "") : whole;
    const news = text.startsWith(told) ? text.slice(told.length) : text;
    told = text;
    if (news.trim()) live.textContent = news.trim();
  }

  // The address names the conversation that is shown, so that a reload continues it and a second tab has its own.
  function followConversation() {
    const identity = find("#nq-address code")?.textContent;
    const address = new URL(location.href);
    if (!identity || address.searchParams.get("c") === identity) return;
    address.searchParams.set("c", identity);
    history.replaceState(history.state, "", address);
  }

  function changed() {
    applyColours();
    followConversation();
    edited &&= find("#nq-note-editor textarea") !== null; // saved or given up
    const log = find("#nq-chat [role=log]");
    if (log && log.getAttribute("aria-live") !== "off") {
      log.setAttribute("aria-live", "off");
    }
    const heading = find("#nq-title p:not([role])");
    heading?.setAttribute("role", "heading");
    heading?.setAttribute("aria-level", "1");
    // Gradio's own labels of bubbles are their HTML, and its list of examples has no items.
    for (const [selector, name] of Object.entries(names))
      for (const element of document.querySelectorAll(selector)) {
        if (element.getAttribute("aria-label") !== name) element.setAttribute("aria-label", name);
        if (element.dataset.testid && element.role !== "group") element.role = "group"; // else it may have no name
      }
    find("#nq-chat .examples[role=list]")?.setAttribute("role", "group");
    document.querySelectorAll("#nq-chat .example[aria-label]").forEach((each) => each.removeAttribute("aria-label"));
    if (!live.isConnected && log) document.body.append(live);
    const status = find("#nq-status");
    if (status && status !== watched) sizes.observe((watched = status));
    if (wanted) showWanted();
    const whole = find("#nq-sources .nq-whole");
    if (whole && !whole.dataset.seen) {
      whole.dataset.seen = "1";
      (find("mark", whole) ?? whole).scrollIntoView({ block: "center" });
      find(".nq-back", whole).focus({ preventScroll: true });
    }
    telling ||= setTimeout(tell, PAUSE);
  }
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(changed).observe(document.body, {
      childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["class", "aria-label"],
    });
    changed();
  });
})();
