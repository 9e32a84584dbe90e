// The box that adds: several pasted lines fit, and after each book it is ready for the next.

document.addEventListener("paste", (event) => {
  const field = event.target;
  const text = event.clipboardData?.getData("text") ?? "";
  if (field.id !== "add-isbn" || field.matches("textarea") || !/[\r\n\t]/.test(text.trim())) return;
  event.preventDefault();
  field.setRangeText(text.trim().replace(/\s*[\r\n\t]+\s*/g, ", "), field.selectionStart, field.selectionEnd, "end");
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.id !== "add-box" && ctx.target?.id !== "add-box") return;
  const field = document.getElementById("add-isbn");
  if (!field || !ctx.response || ctx.hx?.redirect) return;
  if (ctx.response.status < 400) field.value = "";
  field.focus();
  if (ctx.response.status === 422) field.select();
});
