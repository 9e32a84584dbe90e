// Single keys: / searches, a adds, j and k go from book to book, ? helps, and a scanner's digits go to
// the box that adds. The reader can switch them off (WCAG 2.2, 2.1.4): then body has no data-shortcuts.

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
  next?.querySelector("a")?.focus();
}

const actions = {
  "/": () => go("search", "/library"),
  j: () => step("next"),
  k: () => step("previous"),
  a: () => go("add-isbn", "/books/new"),
  "?": () => location.assign("/help"),
};

document.addEventListener("keydown", (event) => {
  if (!("shortcuts" in document.body.dataset) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.isComposing || typing(event.target)) return;
  if (/^\d$/.test(event.key)) document.getElementById("add-isbn")?.focus();
  else if (actions[event.key]) {
    event.preventDefault();
    actions[event.key]();
  }
});

// Within a row of statuses or stars the arrows go sideways; they are no single character.
document.addEventListener("keydown", (event) => {
  const way = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
  if (!way || !event.target.matches(".status button, .stars button")) return;
  const next = event.target[way];
  if (next?.matches("button")) next.focus();
});
