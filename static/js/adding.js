// The box that adds: several pasted lines fit, and after each answer it is ready for the next book.

document.addEventListener("paste", (event) => {
  const field = event.target;
  const text = event.clipboardData?.getData("text").trim() ?? "";
  if (field.id !== "add-isbn" || field.matches("textarea") || !/[\r\n\t]/.test(text)) return;
  event.preventDefault();
  field.setRangeText(text.replace(/\s*[\r\n\t]+\s*/g, ", "), field.selectionStart, field.selectionEnd, "end");
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (ctx.request.action !== "/books" || !ctx.response || ctx.hx?.redirect) return;
  const field = document.getElementById("add-isbn");
  field?.focus();
  if (field?.hasAttribute("aria-invalid")) field.select();
});

// In the box of several lines Enter adds, as it does in the small one: a scanner presses it after each number.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("textarea#add-isbn")) return;
  event.preventDefault();
  if (event.target.value.trim()) event.target.form.requestSubmit();
});
