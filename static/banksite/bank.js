// Keys, focus and one sending per form. Every page works without this file.
"use strict";

const typing = (element) => element.matches("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
const keys = () => document.getElementById("keys");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape") return leave();
  if (typing(event.target) && !(event.target.matches("[data-box]") && !event.target.value)) return; // the empty box waits for keys, too
  if (event.key === "/") {
    const box = document.querySelector("[data-box]");
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  } else if (event.key === "?" && keys() && !keys().open) {
    event.preventDefault();
    keys().showModal();
  }
});

// Escape: what is open closes first, then the page leads back.
function leave() {
  if (keys()?.open) return; // the browser closes a dialog itself
  const menu = document.querySelector("[data-menu][open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
  if (document.activeElement?.matches("[data-box]")) { document.activeElement.blur(); return; }
  document.querySelector("[data-back]")?.click();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys]")) {
    event.preventDefault();
    event.target.closest("[data-menu]")?.removeAttribute("open");
    keys().showModal();
  }
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  if (event.target.closest("[data-print]")) window.print();
});

// A second click while the first is under way sends nothing; the server would do it only once anyway.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-once]");
  if (!form) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "true";
  form.querySelector("button:not([type=button])")?.setAttribute("aria-busy", "true");
});

// A page that the browser kept comes back ready to be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-once]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});

// Focus lands where work starts: on what is wrong, else where the page says.
document.querySelector("[data-start]")?.focus();
for (const element of document.querySelectorAll("[data-live-only]")) element.hidden = false;

// A page nobody touches locks; the server locks a session by itself, this keeps what was on the screen from strangers' eyes.
const lockAfter = Number(document.body.dataset.lockAfter) * 1000;
if (lockAfter) {
  let touched = Date.now();
  for (const kind of ["pointerdown", "keydown", "scroll"]) document.addEventListener(kind, () => { touched = Date.now(); }, { passive: true, capture: true });
  setInterval(() => { if (Date.now() - touched >= lockAfter) document.querySelector("[data-lock]")?.requestSubmit(); }, Math.min(lockAfter, 5000));
}
