// Makes pages live. Every page works without this file; nothing here needs more than `script-src 'self'`.
"use strict";
(() => {
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add("has-script");

  /* ---------- Live changes: what carries the same data-live-id becomes like the fragment that was sent ---------- */

  const SILENT = 15000; // A stream that lives says so every 5 seconds.
  let heard = Date.now();
  let connected = false;

  // Only pages that stay open long enough to miss something show the sign.
  function sign() {
    const age = Date.now() - heard;
    const live = connected && age < SILENT;
    for (const element of $$("[data-live-sign]")) {
      element.hidden = false;
      element.classList.toggle("is-off", !live);
      const words = live ? "Live" : `Reconnecting, ${span(age)} old`;
      const word = $("[data-live-word]", element);
      if (word.textContent !== words) word.textContent = words;
    }
  }

  // What the pages' own script added or changed stays: folds that are open, fields, the close button of the drawer.
  const isField = (node) => node.nodeName === "INPUT" || node.nodeName === "SELECT" || node.nodeName === "TEXTAREA";
  const isOurs = (node) => node.nodeType === 1 && node.hasAttribute("data-own");

  // By what a part is known again among its neighbours; a list item by its link.
  function keyOf(node) {
    if (node.nodeType !== 1) return "";
    return node.dataset.liveId || node.id || (node.nodeName === "LI" && $("a[href]", node)?.getAttribute("href")) || "";
  }

  // Makes `old` like `fresh` and touches only what differs: focus, a pressed button, a selection and an open fold stay as they are.
  function morph(old, fresh) {
    if (old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) return old.replaceWith(fresh);
    if (old.nodeType !== 1) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    if (isField(old)) return;
    const stays = (name) => name === "open" && old.nodeName === "DETAILS";
    const isOn = old.hasAttribute("data-row") && old.classList.contains("is-on");
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !stays(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    if (isOn) old.classList.add("is-on"); // The row of the message in the drawer.
    morphChildren(old, fresh);
  }

  function morphChildren(old, fresh) {
    const wanted = [...fresh.childNodes];
    const keys = new Set(wanted.map(keyOf));
    let at = old.firstChild;
    const pass = () => {
      for (;;) {
        if (at && isOurs(at)) at = at.nextSibling;
        else if (at && keyOf(at) && !keys.has(keyOf(at))) { const gone = at; at = at.nextSibling; gone.remove(); }
        else return;
      }
    };
    for (const child of wanted) {
      pass();
      if (at && keyOf(at) === keyOf(child)) { const next = at.nextSibling; morph(at, child); at = next; continue; }
      const key = keyOf(child);
      const elsewhere = key && [...old.children].find((other) => keyOf(other) === key);
      if (elsewhere) { old.insertBefore(elsewhere, at); morph(elsewhere, child); }
      else old.insertBefore(child, at);
    }
    while (at) { const gone = at; at = at.nextSibling; if (!isOurs(gone)) gone.remove(); }
  }

  function apply(fragments) {
    for (const html of fragments) {
      const holder = document.createElement("template");
      holder.innerHTML = html;
      const fresh = holder.content.firstElementChild;
      const old = fresh && $(`[data-live-id="${CSS.escape(fresh.dataset.liveId)}"]`);
      if (old) morph(old, fresh);
    }
    // Words that this script keeps: set again before anything is drawn.
    sign();
    tick();
  }

  const source = $("[data-live]");
  let events = null;
  let ended = false;
  let drawn = ""; // The position of the message in the drawer.

  // A page that nobody sees hears nothing; seen again, it is sent its present state.
  function listen() {
    events?.close();
    events = null;
    if (ended || !source || !window.EventSource || document.hidden) return;
    const address = source.dataset.live;
    const stream = new EventSource(drawn ? `${address}${address.includes("?") ? "&" : "?"}message=${drawn}` : address);
    const hear = () => { heard = Date.now(); connected = true; sign(); };
    stream.onopen = hear;
    stream.onmessage = (event) => { hear(); apply(JSON.parse(event.data)); };
    stream.addEventListener("ping", hear);
    stream.addEventListener("end", () => { ended = true; stream.close(); for (const e of $$("[data-live-sign]")) e.remove(); });
    stream.onerror = () => {
      if (stream !== events) return;
      connected = false;
      sign();
      // Refused, as by a server that starts anew: the browser does not come again by itself.
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => { if (stream === events) listen(); }, 5000);
    };
    events = stream;
  }
  document.addEventListener("visibilitychange", listen);
  addEventListener("pagehide", () => events?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });

  /* ---------- Times ---------- */

  function span(ms) {
    const seconds = Math.floor(Math.abs(ms) / 1000);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    const days = Math.floor(hours / 24);
    if (days) return days === 1 ? "1 day" : `${days} days`;
    if (hours) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    return minutes ? `${minutes} min` : `${seconds} s`;
  }

  function tick() {
    const now = Date.now();
    for (const time of $$("time[data-relative]")) {
      const ms = Date.parse(time.dateTime) - now;
      const words = Math.abs(ms) < 1000 ? "now" : ms > 0 ? `in ${span(ms)}` : `${span(ms)} ago`;
      if (time.textContent !== words) time.textContent = words;
    }
    for (const element of $$("[data-countdown]")) {
      const left = Number(element.dataset.countdown) - now;
      if (left <= 0) continue; // What comes after the start is the server's to say.
      const parts = span(left).split(" ");
      const fresh = parts.map((part, i) => i % 2 ? Object.assign(document.createElement("small"), { textContent: ` ${part} ` }) : part);
      if (element.textContent.replace(/\s+/g, " ").trim() !== parts.join(" ")) element.replaceChildren(...fresh);
    }
    if (events) { sign(); beat(now); }
  }
  setInterval(tick, 1000);

  // How old what is known of the scheduler is, by this page's own clock: a server that hangs says nothing about it.
  function beat(now) {
    const age = now - heard;
    if (age < SILENT) return;
    for (const element of $$("[data-live-id=beat]")) {
      element.classList.add("is-late");
      const words = `Not heard of for ${span(age)}`;
      const text = $(".m-beat__text", element);
      if (text.textContent !== words) text.textContent = element.title = words;
      $(".m-beat__age", element)?.remove();
    }
  }

  /* ---------- Dialogs and the drawer ---------- */

  function show(dialog) {
    dialog.showModal();
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }

  // The drawer is the message's own page, fetched and shown over this one; its address goes into the bar.
  async function openDrawer(link) {
    const answer = await fetch(link.href, { credentials: "same-origin" }).catch(() => null);
    const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    const content = page && $("[data-drawer-content]", page);
    if (!content) return location.assign(link.href);
    // What stands below the message on its page: reactions, members without a receipt, changing the post. The stream leaves it alone.
    const more = $("[data-drawer-more]", page);
    if (more?.childElementCount) {
      more.dataset.own = "";
      $(".mui-sheet__body", content)?.append(more);
    }
    const dialog = document.createElement("dialog");
    dialog.className = "mui-sheet mui-sheet--right";
    dialog.setAttribute("aria-labelledby", "drawer-title");
    const close = document.createElement("button");
    Object.assign(close, { type: "button", className: "mui-sheet__close", textContent: "×", ariaLabel: "Close" });
    close.dataset.dialogClose = "";
    close.dataset.own = "";
    $(".mui-sheet__header", content)?.append(close);
    dialog.append(document.adoptNode(content));
    document.body.append(dialog);
    const row = link.closest("tr");
    row?.classList.add("is-on");
    const back = location.href;
    history.replaceState(null, "", link.href);
    drawn = link.href.split("/").pop();
    listen();
    dialog.addEventListener("close", () => {
      drawn = "";
      listen();
      history.replaceState(null, "", back);
      row?.classList.remove("is-on");
      dialog.remove();
      (link.isConnected ? link : $(`a[href="${CSS.escape(link.getAttribute("href"))}"]`))?.focus();
    });
    show(dialog);
  }

  /* ---------- Clicks ---------- */

  const plainClick = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

  document.addEventListener("click", (event) => {
    const target = event.target;
    for (const menu of $$("details[data-menu][open]")) if (!menu.contains(target)) menu.open = false;
    const opener = target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog && plainClick(event)) { event.preventDefault(); return show(dialog); }
    if (target.closest("[data-dialog-close]")) return target.closest("dialog")?.close();
    if (target.closest("[data-toast-close]")) return target.closest("[data-toast]").remove();
    const link = target.closest("a[data-drawer]");
    if (link && plainClick(event)) { event.preventDefault(); return void openDrawer(link); }
    if (target.closest("[data-find]") && $("[data-search]")) { event.preventDefault(); return $("[data-search]").focus(); }
    if (target.closest("a[data-keep-scroll]")) sessionStorage.setItem("scroll", `${location.pathname} ${scrollY}`);
    const step = target.closest("button[data-keep-scroll]");
    if (step?.form) sessionStorage.setItem("scroll", `${new URL(step.form.action).pathname} ${scrollY}`);
  });

  /* ---------- Forms ---------- */

  // A field changes when it loses the focus, which the press on something else takes from it: that press comes first, then the update.
  let pressed = false;
  let changed = null; // The form that has to be updated.

  // What somebody opened stays open when the page brings its parts up to date.
  const FOLDS = "details.m-fold[id]";
  function keepFolds() {
    sessionStorage.setItem("folds", JSON.stringify($$(`${FOLDS}[open]`).map((fold) => fold.id)));
  }

  function refresh(form) {
    sessionStorage.setItem("scroll", `${new URL(form.action).pathname} ${scrollY}`);
    goOn(form);
    keepFolds();
    const update = $('button[name="do"][value="update"]', form);
    if (update) form.requestSubmit(update);
    else form.requestSubmit();
  }

  // What somebody goes on typing while the page with what they typed before is on its way is put into that page.
  const GOING_ON = "going-on";
  function goOn(form) {
    const typed = {};
    const note = (event) => {
      const field = event.target;
      if (field.form !== form || !field.name || !field.matches("textarea, input:not([type=file], [type=checkbox], [type=radio], [type=password])")) return;
      typed[field.name] = { value: field.value, at: field === document.activeElement ? field.selectionStart : null };
      sessionStorage.setItem(GOING_ON, JSON.stringify({ path: new URL(form.action).pathname, typed }));
    };
    document.addEventListener("input", note, true);
  }

  function wentOn() {
    const kept = sessionStorage.getItem(GOING_ON);
    sessionStorage.removeItem(GOING_ON);
    const { path, typed } = JSON.parse(kept || "{}");
    const form = kept && $$("form[data-composer], form[data-posts]").find((one) => new URL(one.action).pathname === path);
    for (const [name, { value, at }] of Object.entries(form ? typed : {})) {
      const field = $(`[name="${CSS.escape(name)}"]:not([type=hidden])`, form);
      if (!field || field.value === value) continue;
      field.value = value;
      field.focus();
      if (at !== null) try { field.setSelectionRange(at, at); } catch { /* A field of a day or a number has no caret. */ }
      // It brings the page up to date when it is left, as if it had been typed here.
      if (field.matches("[data-autosubmit]")) field.addEventListener("blur", () => field.dispatchEvent(new Event("change", { bubbles: true })), { once: true });
    }
  }

  const address = (form, path) => {
    const url = new URL(path, location.href);
    url.search = new URLSearchParams(new FormData(form));
    return url;
  };

  document.addEventListener("change", (event) => {
    const field = event.target.closest("[data-autosubmit]");
    if (!field?.form) return;
    if (pressed) changed = field.form;
    else refresh(field.form);
  });
  document.addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const name of ["pointerup", "pointercancel"]) {
    document.addEventListener(name, () => setTimeout(() => {
      pressed = false;
      const form = changed;
      changed = null;
      if (form?.isConnected && !form.dataset.sent) refresh(form);
    }, 50), true);
  }

  // The server says at its place what is missing, in the page's own words.
  for (const form of $$("form[method=post]")) form.noValidate = true;

  // The end follows the start by as much as that was moved.
  for (const start of $$('input[name="starts"]')) {
    const end = start.form?.elements.ends;
    let before = Date.parse(`${start.value}Z`);
    start.addEventListener("change", () => {
      const at = Date.parse(`${start.value}Z`);
      const ends = Date.parse(`${end?.value}Z`);
      if (at && before && ends) end.value = new Date(ends + at - before).toISOString().slice(0, 16);
      if (at) before = at;
    });
  }

  // How many are ticked stands on the button; one box ticks all.
  for (const button of $$("button[data-ticked]")) {
    const boxes = () => [...button.form.elements].filter((box) => box.type === "checkbox" && box.name.startsWith(button.dataset.ticked));
    const label = $(".m-btn__label", button);
    const words = label.textContent;
    const all = $("input[data-tick-all]", button.form) ?? $(`input[data-tick-all][form="${button.form.id}"]`);
    const count = () => {
      const ticked = boxes().filter((box) => box.checked).length;
      label.textContent = `${words} (${ticked})`;
      // Sums beside the boxes count what the ticked ones say.
      for (const sum of $$("[data-sum]", button.form)) {
        const said = (box) => JSON.parse(box.closest("[data-counts]")?.dataset.counts ?? "{}")[sum.dataset.sum] ?? 0;
        sum.textContent = boxes().reduce((all, box) => all + (box.checked ? said(box) : 0), 0);
      }
      if (all) [all.checked, all.indeterminate] = [ticked === boxes().length, ticked > 0 && ticked < boxes().length];
    };
    if (all) {
      all.closest("label").hidden = false;
      all.addEventListener("change", () => { for (const box of boxes()) box.checked = all.checked; count(); });
    }
    document.addEventListener("change", (event) => { if (event.target !== all) count(); });
    count();
  }

  // On a phone the chosen page of the settings may stand outside; the menu takes the focus when it opens.
  $(".m-subnav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  addEventListener("hashchange", () => { if (location.hash === "#menu") $("#menu a[href]")?.focus(); });

  // What is pressed while a form has to be updated does its work with what was typed.
  document.addEventListener("click", (event) => {
    const form = changed;
    const pressedOn = event.target.closest("a[href], button");
    if (!form || !pressedOn || !plainClick(event)) return;
    changed = null;
    if (pressedOn.tagName === "BUTTON") {
      // Its dialog would show what was there before: its page shows what is there now.
      if (pressedOn.form === form && pressedOn.dataset.dialog) event.stopImmediatePropagation();
      return;
    }
    if (!form.matches("[data-composer]") || new URL(pressedOn.href).origin !== location.origin) return;
    if (pressedOn.dataset.dialog || pressedOn.closest("#preview")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      location.assign(address(form, pressedOn.getAttribute("href").split("?")[0]));
    }
  }, true);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (form.matches("[data-theme-form]")) return changeTheme(event, form, button);
    if (form.dataset.sent) return event.preventDefault(); // A second press must not send twice.
    form.dataset.sent = "yes";
    if (button && button.dataset.busy) {
      button.style.minWidth = `${button.offsetWidth}px`; // CSSOM: the button keeps its width.
      $(".m-btn__label", button).textContent = button.dataset.busy;
    }
    button?.setAttribute("aria-busy", "true");
  });
  // Back from the next page, a form can be sent again.
  addEventListener("pageshow", () => { for (const form of $$("form[data-sent]")) delete form.dataset.sent; });

  // Where the browser decides and prefers dark, the button leads to the light theme.
  const lighten = $("[data-theme-form] button");
  if (lighten && root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches) {
    lighten.value = "light";
    lighten.ariaLabel = lighten.title = "Change to light theme";
  }

  function changeTheme(event, form, button) {
    event.preventDefault();
    const theme = button.value;
    fetch(form.action, { method: "POST", credentials: "same-origin", body: new URLSearchParams(new FormData(form, button)) }).then(() => location.reload());
    root.dataset.theme = theme;
  }

  document.addEventListener("input", (event) => {
    const counter = event.target.id && $(`[data-counter="${CSS.escape(event.target.id)}"]`);
    if (counter) counter.textContent = `${[...event.target.value].length}/${event.target.maxLength}`;
  });

  /* ---------- Copy ---------- */

  for (const button of $$("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText($(`#${button.dataset.copy}`).textContent);
      $(".m-btn__label", button).textContent = "Copied";
    });
  }

  /* ---------- Toasts ---------- */

  function prepare(from) {
    for (const toast of $$("[data-toast]:not([data-seen])", from)) {
      toast.dataset.seen = "";
      const undo = $("[data-undo]", toast);
      if (undo) countUndo(toast, undo);
      else if (toast.dataset.toast === "go") setTimeout(() => dismiss(toast), 6000);
    }
  }

  // Not while somebody reads it or has the focus on it.
  function dismiss(toast) {
    if (toast.matches(":hover, :focus-within")) return setTimeout(() => dismiss(toast), 1000);
    toast.remove();
  }

  function countUndo(toast, form) {
    let left = Number(form.dataset.undo);
    const word = $("[data-undo-left]", form);
    const step = () => {
      word.textContent = ` ${left}`;
      if (left === 0) return toast.remove();
      left -= 1;
      setTimeout(step, 1000);
    };
    step();
  }

  /* ---------- Keys ---------- */

  let went = 0; // When "g" was pressed.

  const inField = (element) => element.matches("input, select, textarea, [contenteditable]");

  function moveRow(step) {
    const links = $$("[data-row] .m-rowlink");
    const at = links.findIndex((link) => link.closest("[data-row]").contains(document.activeElement));
    links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
  }

  document.addEventListener("keydown", (event) => {
    const mod = event.ctrlKey || event.metaKey;
    if (event.key === "Escape") {
      const menu = $$("details[data-menu][open]").pop();
      if (menu) { menu.open = false; $("summary", menu).focus(); }
      if (location.hash === "#menu") location.hash = "#main";
      return;
    }
    if (mod && event.key === "k") { event.preventDefault(); return $(".m-find")?.click(); }
    if (mod) {
      const wanted = event.key === "Enter" ? "mod+Enter" : event.key === "s" ? "mod+s" : null;
      const button = wanted && $(`[data-key="${wanted}"]`);
      if (button) { event.preventDefault(); button.click(); }
      return;
    }
    if (event.altKey || inField(event.target) || $("dialog[open]") || !$("[data-keys]")) return;
    if (Date.now() - went < 1500) {
      went = 0;
      const section = $(`[data-go="${CSS.escape(event.key)}"]`);
      if (section) return section.click();
    }
    if (event.key === "g") { went = Date.now(); return; }
    if (event.key === "/") { event.preventDefault(); return $(".m-find")?.click(); }
    if (event.key === "j" || event.key === "k") return moveRow(event.key === "j" ? 1 : -1);
    if (event.key === "?") return location.assign("/keys");
    $(`[data-key="${CSS.escape(event.key)}"]`)?.click();
  });

  /* ---------- Start ---------- */

  for (const id of JSON.parse(sessionStorage.getItem("folds") || "[]")) {
    const fold = document.getElementById(id);
    if (fold?.matches(FOLDS)) fold.open = true;
  }
  sessionStorage.removeItem("folds");
  // Where there is little room, what is not needed first is one line; not what the address leads to.
  if (matchMedia("(max-width: 40rem)").matches) {
    for (const fold of $$("[data-fold-narrow]")) {
      const target = location.hash && fold.closest("[id]");
      if (!target || `#${target.id}` !== location.hash) fold.open = false;
    }
  }
  const [path, top] = (sessionStorage.getItem("scroll") || "").split(" ");
  if (path === location.pathname) scrollTo({ top: Number(top), behavior: "instant" });
  sessionStorage.removeItem("scroll");
  if (location.hash === "#q") $("[data-search]")?.focus();
  wentOn();
  prepare(document);
  tick();
  listen();
})();
