// What is typed is kept while the tab of the browser is open: on each tab of the composer, and when somebody looks at something else. Without
// this script, what is typed stays on the page where it was typed.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const plainClick = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

  const composing = () => $("form[data-composer], form[data-posts]");

  function drafts() {
    try { return JSON.parse(sessionStorage.getItem("drafts")) ?? {}; } catch { return {}; }
  }

  function keepDraft() {
    const form = composing();
    const tab = $(".m-tabs [aria-current]");
    if (!form || !tab) return;
    const fields = new FormData(form);
    fields.delete("csrf");
    for (const [name, value] of [...fields]) if (value instanceof File) fields.delete(name);
    const all = drafts();
    all.last = new URL(tab.href).searchParams.get("channel");
    all[all.last] = { action: form.getAttribute("action"), posts: form.method === "post", fields: `${new URLSearchParams(fields)}` };
    sessionStorage.setItem("drafts", JSON.stringify(all));
  }

  // What is too long for an address is posted.
  function reopen(draft) {
    if (!draft.posts) return location.assign(`/?${draft.fields}`);
    const form = Object.assign(document.createElement("form"), { method: "post", action: draft.action });
    const fields = new URLSearchParams(draft.fields);
    fields.set("csrf", $('input[name="csrf"]').value);
    for (const [name, value] of fields) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    document.body.append(form);
    form.submit();
  }

  // Another tab opens with what was typed there, for the workshop, the people and the time that are chosen here.
  document.addEventListener("click", (event) => {
    const tab = event.target.closest(".m-tabs a[href]:not([aria-current])");
    const form = composing();
    if (!tab || !form || !plainClick(event)) return;
    keepDraft();
    const link = new URL(tab.href).searchParams;
    const draft = drafts()[link.get("channel")];
    if (!draft) return;
    const here = new FormData(form);
    const fields = new URLSearchParams(draft.fields);
    const before = fields.get("workshop");
    const posts = draft.posts || form.method === "post";
    for (const name of ["workshop", "when", "at", "until", "until-was", ...(posts ? [] : ["who", "pick", "purpose", "replaces", "quiet"])]) {
      fields.delete(name);
      for (const value of here.has(name) ? here.getAll(name) : link.getAll(name)) fields.append(name, value);
    }
    const workshop = fields.get("workshop") ?? "";
    if (fields.has("for")) fields.set("for", `${workshop} ${fields.get("for").split(" ")[1] ?? ""}`);
    if (before !== workshop && fields.has("made-for")) {
      for (const name of ["group", "chosen"]) fields.delete(name);
      fields.set("made-for", workshop);
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    reopen({ ...draft, fields: `${fields}` });
  }, true);

  addEventListener("pagehide", keepDraft);
  document.addEventListener("submit", (event) => {
    // What was sent is no draft any more, and what one person wrote is not the next one's.
    const action = event.target.getAttribute("action");
    if (event.target.method !== "post" || !["/compose/confirm", "/compose/posts/confirm", "/sign-out"].includes(action)) return;
    removeEventListener("pagehide", keepDraft);
    const all = drafts();
    delete all[all.last];
    if (action === "/sign-out") sessionStorage.removeItem("drafts");
    else sessionStorage.setItem("drafts", JSON.stringify(all));
  });
  const draft = drafts()[drafts().last];
  if (draft && !composing()) {
    for (const link of $$('a[href="/"]')) {
      if (draft.posts) link.addEventListener("click", (event) => { if (plainClick(event)) { event.preventDefault(); reopen(draft); } });
      else link.href = `/?${draft.fields}`;
    }
  }
})();
