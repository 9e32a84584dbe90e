// Single keys: / searches, a adds, j and k go from book to book, 1 to 5 rate, ? helps, and a scanner's
// digits go to the box that adds. The reader can switch them off (WCAG 2.2, 2.1.4): then body has no
// data-shortcuts.

const help = document.getElementById("keys");
const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

function go(id, address) {
  const field = document.getElementById(id);
  if (!field) return location.assign(address);
  field.focus();
  field.select();
}

function step(direction) {
  const book = document.activeElement.closest(".book");
  const next = book ? book[`${direction}ElementSibling`] : document.querySelector(".books .book");
  const link = next?.querySelector("h2 a, a");
  link?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

/** Rate the book that the keyboard is at, or the one that the page is about. */
function rate(star) {
  const book = document.activeElement.closest(".book") ?? document.getElementById("book-panel");
  const button = book?.querySelectorAll(".stars button")[star - 1];
  button?.click();
  return Boolean(button);
}

const actions = {
  "/": () => go("search", "/library"),
  j: () => step("next"),
  k: () => step("previous"),
  a: () => go("add-isbn", "/books/new"),
  "?": () => help?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (!("shortcuts" in document.body.dataset) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.isComposing || typing(event.target) || help?.open) return;
  if (/^[1-5]$/.test(event.key) && (event.repeat || rate(Number(event.key)))) return;
  if (/^\d$/.test(event.key)) document.getElementById("add-isbn")?.focus();
  else if (actions[event.key]) {
    event.preventDefault();
    actions[event.key]();
  }
});

help?.addEventListener("click", (event) => {
  if (event.target === help) help.close();
});

// Within a row of statuses or stars the arrows go sideways; they are no single character.
document.addEventListener("keydown", (event) => {
  const way = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
  if (!way || !event.target.matches(".status button, .segmented button, .stars button")) return;
  const next = event.target[way];
  if (next?.matches("button")) next.focus();
});

// The menu closes like a menu: by Escape, and by a click elsewhere.
const menu = document.querySelector(".menu");
document.addEventListener("click", (event) => {
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu?.open) return;
  event.preventDefault();
  menu.open = false;
  menu.querySelector("summary").focus();
});
