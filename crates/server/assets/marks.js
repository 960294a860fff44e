// Sets WhatsApp's marks around what is selected in a text. Without this file the marks are typed.
"use strict";
(() => {
  for (const bar of document.querySelectorAll("[data-write] > [role=toolbar]")) bar.hidden = false;

  // The marks go around the selection, or around the caret, and away where they stand there. The browser's own undo takes them back.
  function setMark(button) {
    const write = button.closest("[data-write]");
    const area = write.querySelector("textarea");
    const mark = button.dataset.mark;
    const { selectionStart: from, selectionEnd: to, value } = area;
    // A mark has no space inside: WhatsApp would show the signs.
    const chosen = value.slice(from, to);
    const start = from + (chosen.length - chosen.trimStart().length);
    const end = Math.max(start, from + chosen.trimEnd().length);
    const text = value.slice(start, end);
    const stands = value.slice(start - mark.length, start) === mark && value.slice(end, end + mark.length) === mark;
    const by = stands ? mark.length : 0;
    area.focus();
    area.setSelectionRange(start - by, end + by);
    const fresh = stands ? text : `${mark}${text}${mark}`;
    const done = fresh ? document.execCommand("insertText", false, fresh) : document.execCommand("delete");
    if (!done) area.setRangeText(fresh, start - by, end + by, "end");
    const at = stands ? start - by : start + mark.length;
    area.setSelectionRange(at, at + text.length);
    write.dataset.waits = "";
  }

  // A change is told when the text and its bar are left, not when the text alone is: live.js then brings the page up to date.
  let left = false;
  document.addEventListener("change", (event) => {
    const write = event.target.closest?.("[data-write]");
    if (!write || left) return;
    event.stopImmediatePropagation();
    write.dataset.waits = "";
  }, true);
  document.addEventListener("focusout", (event) => {
    const write = event.target.closest?.("[data-write][data-waits]");
    if (!write || write.contains(event.relatedTarget)) return;
    delete write.dataset.waits;
    left = true;
    write.querySelector("textarea").dispatchEvent(new Event("change", { bubbles: true }));
    left = false;
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-mark]");
    if (button) setMark(button);
  });
  // A press with the pointer leaves the caret where it is.
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest?.("[data-mark]")) event.preventDefault();
  });

  const KEYS = { b: "*", i: "_", X: "~", M: "```" };
  document.addEventListener("keydown", (event) => {
    const write = (event.ctrlKey || event.metaKey) && !event.altKey && event.target.closest?.("[data-write]");
    const mark = write && KEYS[event.shiftKey ? event.key.toUpperCase() : event.key];
    const button = mark && write.querySelector(`[data-mark="${CSS.escape(mark)}"]`);
    if (!button) return;
    event.preventDefault();
    setMark(button);
  });
})();
