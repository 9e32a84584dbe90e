// Single keys: / searches, a adds, ? helps, and a scanner's digits go to the box that adds.
// The reader can switch them off (WCAG 2.2, 2.1.4): then body has no data-shortcuts.

const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

function go(id, address) {
  const field = document.getElementById(id);
  if (!field) return location.assign(address);
  field.focus();
  field.select();
}

const actions = {
  "/": () => go("search", "/library"),
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
